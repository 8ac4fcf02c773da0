using System.Text.Json;

namespace Newsroom;

/// <summary>Who this site is as a payee; written by the payment server.</summary>
/// <param name="Payee">Its payee id.</param>
/// <param name="SigningKeySeed">Base64 of the seed that signs its terms.</param>
/// <param name="Server">The payment server's address.</param>
/// <param name="EntitlementKey">Base64 of the public key that entitlements are checked with.</param>
internal sealed record SiteFile(string Payee, string SigningKeySeed, string Server, string EntitlementKey)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true };

    /// <summary>Waits until the payment server has written the file.</summary>
    /// <returns>Null, with a message on the error stream, if it does not appear or cannot be read.</returns>
    public static async Task<SiteFile?> WaitAsync(string path, TimeProvider time)
    {
        var start = time.GetTimestamp();
        using var timer = new PeriodicTimer(Interval, time);
        while (!File.Exists(path))
        {
            if (time.GetElapsedTime(start) > Patience)
            {
                Console.Error.WriteLine($"{path} has not appeared within a minute. Start the payment server with --sample-site and --sample-state, or use ./run, which starts both.");
                return null;
            }

            await timer.WaitForNextTickAsync();
        }

        try
        {
            return JsonSerializer.Deserialize<SiteFile>(await File.ReadAllBytesAsync(path), Json);
        }
        catch (JsonException e)
        {
            Console.Error.WriteLine($"{path} is not what the payment server writes: {e.Message} Delete it and start the server again.");
            return null;
        }
    }
}
