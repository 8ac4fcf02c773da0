using System.Diagnostics;
using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Farthing.Protocol;

namespace Farthing.Server.Tests.Gate;

/// <summary>A web server as a process of its own, with a price on some of its files.</summary>
public sealed partial class GatedSite : IAsyncDisposable
{
    /// <summary>What is in every file that has a price, and in none that has not.</summary>
    public const string PaidText = "ONLY-FOR-THOSE-WHO-PAID";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryDirectory directory = new();
    private readonly ReservedPort port = new();
    private readonly StringBuilder output = new();
    private Process? process;

    private GatedSite(string program)
    {
        Program = program;
        Address = new Uri($"http://localhost:{port.Number}");
    }

    public string Program { get; }

    public Uri Address { get; }

    public Id<PayeeKind> Payee { get; private set; }

    /// <summary>The payee with its key; not of a site that its server is for alone.</summary>
    public Account Account { get; private set; } = null!;

    private string Origin => Address.GetLeftPart(UriPartial.Authority);

    /// <summary>Where the files are.</summary>
    public string Root => directory.File("site");

    public static async Task<GatedSite> StartAsync(Api api, Uri server, string program)
    {
        var site = new GatedSite(program);
        var (key, publicKey) = Api.NewSigningKey();
        var payee = await api.NewPayeeAsync(more: $",\"website\":\"{site.Origin}\",\"signingKey\":\"{publicKey}\"");
        site.Account = payee;
        site.Payee = Id<PayeeKind>.TryParse(payee.Id, out var id) ? id : throw new InvalidOperationException(payee.Id);
        return await StartAsync(site, site.GuideFiles(server, Convert.ToBase64String(key.ExportSeed())));
    }

    /// <summary>A site of a server that is for it alone: behind nginx with the lines that the server wrote, and nothing else of its own.</summary>
    /// <param name="launch">Starts the server for an origin, and tells where it wrote the lines.</param>
    public static async Task<GatedSite> StartOwnAsync(Func<string, Task<string>> launch)
    {
        var site = new GatedSite("nginx");
        var lines = await launch(site.Origin);
        return await StartAsync(site, new Dictionary<string, string>
        {
            ["site.conf"] = site.GuideFiles(new Uri("http://127.0.0.1:5080"), "")["site.conf"],
            ["farthing-gate.conf"] = await File.ReadAllTextAsync(Path.Combine(lines, "farthing-gate.conf")),
            ["farthing-paid.conf"] = await File.ReadAllTextAsync(Path.Combine(lines, "farthing-paid.conf")),
        });
    }

    private static async Task<GatedSite> StartAsync(GatedSite site, Dictionary<string, string> files)
    {
        try
        {
            await site.WriteFilesAsync(files);
            await site.LaunchAsync();
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>Changes a price in nginx's configuration, and waits until nginx goes by it.</summary>
    public async Task ChangePriceAsync(string old, string price)
    {
        var file = directory.File("site.conf");
        var text = await File.ReadAllTextAsync(file);
        Assert.Contains(old, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, text.Replace(old, price, StringComparison.Ordinal));
        process!.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        await LaunchAsync();
    }

    /// <summary>Sends bytes as they are, where an HTTP client would tidy the address up, and reads until the server hangs up.</summary>
    public async Task<string> SendRawAsync(string request)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", Address.Port, deadline.Token);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), deadline.Token);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync(deadline.Token);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (process is { HasExited: false })
            {
                // nginx's workers end with their master, and Caddy has none.
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync();
            }

            process?.Dispose();
        }
        finally
        {
            directory.Dispose();
            port.Dispose();
        }
    }

    // The files of the guide, with the places and values of this test in them; each must have been there.
    private Dictionary<string, string> GuideFiles(Uri server, string key)
    {
        var files = GuideFile().Matches(File.ReadAllText(Path.Combine(GuidesDirectory, $"{Program}.md")))
            .ToDictionary(match => match.Groups["name"].Value, match => match.Groups["text"].Value);
        foreach (var (old, replacement) in new[]
        {
            ("\"pye_…\"", $"\"{Payee}\""), ("Key \"…\"", $"Key \"{key}\""), ("127.0.0.1:5080", server.Authority), ("/srv/site", Root),
            (Program == "nginx" ? "listen 8080" : "localhost:8080", Program == "nginx" ? $"listen 127.0.0.1:{Address.Port}" : Address.Authority),
        })
        {
            Assert.Contains(files, file => file.Value.Contains(old, StringComparison.Ordinal));
            foreach (var (name, text) in files.ToList()) files[name] = text.Replace(old, replacement, StringComparison.Ordinal);
        }

        return files;
    }

    private async Task WriteFilesAsync(Dictionary<string, string> files)
    {
        // More places with prices, made like the guide's own.
        var main = Program == "nginx" ? "site.conf" : "Caddyfile";
        files[main] = Repeat(Repeat(files[main], "/cheap/", "0.000001 USD"), "/calls/", "0.002 USD per-call");
        if (Program == "nginx") files[main] = Application().Replace(Repeat(files[main], "/app/", "0.002 USD per-call"), $"$1        proxy_pass http://unix:{directory.File("tmp/app")}:;\n    }}\n", 1);

        Directory.CreateDirectory(directory.File("snippets"));
        Directory.CreateDirectory(directory.File("tmp"));
        foreach (var (name, text) in files) await File.WriteAllTextAsync(directory.File(name is "farthing-gate.conf" or "farthing-paid.conf" ? $"snippets/{name}" : name), text);
        if (Program == "nginx") await File.WriteAllTextAsync(directory.File("nginx.conf"), NginxMain);
        else await File.WriteAllTextAsync(directory.File(main), CaddyMain + files[main]);

        foreach (var folder in new[] { "articles/2026", "cheap", "calls", "ARTICLES" }) Directory.CreateDirectory(Path.Combine(Root, folder));
        await File.WriteAllTextAsync(Path.Combine(Root, "index.html"), "free for all");
        await File.WriteAllTextAsync(Path.Combine(Root, "ARTICLES/other.html"), "free for all");
        var paid = string.Concat(Enumerable.Repeat($"<p>{PaidText}</p>\n", 100));
        foreach (var name in new[] { "articles/rain.html", "articles/index.html", "articles/2026/index.html", "articles/café.html", "cheap/rain.html", "calls/rain.html" })
            await File.WriteAllTextAsync(Path.Combine(Root, name), paid);
        await using var compressed = new GZipStream(File.Create(Path.Combine(Root, "articles/rain.html.gz")), CompressionLevel.Fastest);
        await compressed.WriteAsync(Encoding.UTF8.GetBytes(paid));
    }

    // The guide's location with another path and price.
    private static string Repeat(string text, string path, string price)
    {
        var begin = text.IndexOf("location /articles/", StringComparison.Ordinal);
        if (begin < 0) begin = text.IndexOf("handle /articles/*", StringComparison.Ordinal);
        var close = text[begin] == 'l' ? "\n    }\n" : "\n\t}\n";
        var end = text.IndexOf(close, begin, StringComparison.Ordinal) + close.Length;
        var location = text[begin..end];
        Assert.Contains("0.02 USD", location, StringComparison.Ordinal);
        return text.Insert(begin, location.Replace("/articles/", path, StringComparison.Ordinal).Replace("0.02 USD", price, StringComparison.Ordinal) + "\n");
    }

    private async Task LaunchAsync()
    {
        string[] arguments = Program == "nginx" ? ["-p", directory.Path, "-c", "nginx.conf"] : ["run", "--config", directory.File("Caddyfile"), "--adapter", "caddyfile"];
        // Who is killed leaves it behind.
        File.Delete(directory.File("tmp/app"));
        process = new Process { StartInfo = new ProcessStartInfo(FindProgram(), arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory.Path } };
        process.StartInfo.Environment["HOME"] = directory.Path;
        process.StartInfo.Environment["XDG_DATA_HOME"] = directory.File("tmp");
        process.StartInfo.Environment["XDG_CONFIG_HOME"] = directory.File("tmp");
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        using var http = new HttpClient { BaseAddress = Address };
        using var deadline = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await timer.WaitForNextTickAsync(deadline.Token))
        {
            Assert.False(process.HasExited, $"{Program} ended:\n{Output}");
            try
            {
                using var response = await http.GetAsync("/", deadline.Token);
                if (response.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
        }
    }

    /// <summary>Everything it printed so far.</summary>
    public string Output
    {
        get { lock (output) return output.ToString(); }
    }

    private void Note(string? line)
    {
        lock (output) output.AppendLine(line);
    }

    private string FindProgram() => new[] { "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin" }.Select(folder => Path.Combine(folder, Program)).FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException($"{Program} is not there. Install Debian's {Program}.");

    private static string GuidesDirectory
    {
        get
        {
            var directory = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(directory.FullName, "Farthing.slnx"))) directory = directory.Parent!;
            return Path.Combine(directory.FullName, "docs", "guides");
        }
    }

    // What Debian's own nginx.conf has around conf.d, in this test's directory. What could help somebody to unpaid bytes is on.
    private static readonly string NginxMain = $$"""
        {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
        worker_processes 1;
        pid tmp/nginx.pid;
        error_log stderr;
        daemon off;
        events { worker_connections 256; }
        http {
            include /etc/nginx/mime.types;
            types { audio/wav wav; }
            access_log off;
            client_body_temp_path tmp/body; proxy_temp_path tmp/proxy; fastcgi_temp_path tmp/fastcgi; uwsgi_temp_path tmp/uwsgi; scgi_temp_path tmp/scgi;
            gzip on;
            gzip_static on;
            include site.conf;
            # An application behind a price.
            server { listen unix:tmp/app; location / { return 200 "{{PaidText}}, $request_method"; } }
        }

        """;

    private const string CaddyMain = """
        {
        	admin off
        	auto_https off
        }

        """;

    // The guide's location without its lines for files.
    [GeneratedRegex(@"(location /app/ \{[^#]*)#.*?\n    \}\n", RegexOptions.Singleline)]
    private static partial Regex Application();

    [GeneratedRegex(@"^<!-- file: (?<name>\S+) -->\n```(?:nginx)?\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex GuideFile();
}
