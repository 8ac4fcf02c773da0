using Farthing.Server;

return await ServerApp.RunAsync(args);
