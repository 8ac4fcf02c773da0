using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace Farthing.Server.Tests;

/// <summary>A live server behind nginx and behind Caddy, each configured by nothing but <c>docs/guides/going-live.md</c>.</summary>
[Collection<Live>]
public sealed partial class LiveProxyTests(LiveServer server)
{
    [Theory]
    [InlineData("nginx", "127.0.0.2")]
    [InlineData("caddy", "127.0.0.3")]
    public async Task The_guides_proxy_ends_TLS_tells_who_asks_and_hides_what_is_for_those_inside(string program, string visitor)
    {
        await using var proxy = await Proxy.StartAsync(program, server.Process.Address, IPAddress.Parse(visitor));
        using var page = await proxy.Http.GetAsync("/", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Equal("max-age=31536000", page.Headers.GetValues("Strict-Transport-Security").Single());
        Assert.All(page.Headers.GetValues("Set-Cookie"), cookie => Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase));
        Assert.Contains(LiveServer.Operator, await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);

        // A form works through it: its cookie comes back, and what follows leads to the public address or stays relative.
        var body = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        using var form = new FormUrlEncodedContent([new("__RequestVerificationToken", Token().Match(body).Groups[1].Value)]);
        using var made = await proxy.Http.PostAsync("/?handler=Open", form, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Redirect, made.StatusCode);
        Assert.Equal("/", made.Headers.Location!.OriginalString);

        // Whatever a stranger writes into the header, one address it is: the form made one wallet already, and two more are left.
        for (var i = 0; ; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/wallets") { Content = new StringContent("""{"currency":"USD"}""", Encoding.UTF8, "application/json") };
            request.Headers.Add("Idempotency-Key", Api.NewKey());
            request.Headers.Add("X-Forwarded-For", $"203.0.113.{i}");
            using var answer = await proxy.Http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(i < 2 ? 201 : 429, (int)answer.StatusCode);
            if (i == 2) break;
        }

        using var metrics = await proxy.Http.GetAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, metrics.StatusCode);
    }

    [GeneratedRegex("""name="__RequestVerificationToken" type="hidden" value="([^"]+)"|name="__RequestVerificationToken" value="([^"]+)""")]
    private static partial Regex Token();

    /// <summary>nginx or Caddy with the guide's file, whose address, server and certificate are this test's.</summary>
    private sealed partial class Proxy : IAsyncDisposable
    {
        private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

        private readonly TemporaryDirectory directory = new();
        private readonly ReservedPort port = new();
        private readonly StringBuilder output = new();
        private readonly Process process;

        private Proxy(string program, Uri server, IPAddress visitor)
        {
            var text = FileOfGuide(program == "nginx" ? "farthing-proxy.conf" : "farthing-proxy.caddy");
            var (name, whole) = program == "nginx"
                ? ("nginx.conf", $$"""
                    {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
                    worker_processes 1; pid nginx.pid; error_log stderr; daemon off;
                    events { worker_connections 64; }
                    http { access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
                    {{Replaced(text, ("listen 443", $"listen 127.0.0.1:{port.Number}"), ("127.0.0.1:5080", server.Authority), ("/etc/ssl/pay.example.pem", directory.File("pay.pem")), ("/etc/ssl/pay.example.key", directory.File("pay.key")))}}
                    }
                    """)
                : ("Caddyfile", "{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n}\n"
                    + Replaced(text, ("pay.example {", $"https://pay.example:{port.Number} {{\n    tls {directory.File("pay.pem")} {directory.File("pay.key")}"), ("127.0.0.1:5080", server.Authority)));
            File.WriteAllText(directory.File(name), whole);
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.Add(WriteCertificate());
            Http = new HttpClient(new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                CookieContainer = new CookieContainer(),
                SslOptions = new() { CertificateChainPolicy = policy },
                ConnectCallback = async (_, stop) =>
                {
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    socket.Bind(new IPEndPoint(visitor, 0));
                    await socket.ConnectAsync(IPAddress.Loopback, port.Number, stop);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            })
            { BaseAddress = new Uri("https://pay.example") };

            string[] arguments = program == "nginx" ? ["-p", directory.Path, "-c", name] : ["run", "--config", directory.File(name), "--adapter", "caddyfile"];
            var file = new[] { "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin" }.Select(folder => Path.Combine(folder, program)).First(File.Exists);
            process = new Process { StartInfo = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory.Path } };
            foreach (var variable in new[] { "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME" }) process.StartInfo.Environment[variable] = directory.Path;
            process.OutputDataReceived += (_, line) => Note(line.Data);
            process.ErrorDataReceived += (_, line) => Note(line.Data);
        }

        public HttpClient Http { get; }

        public static async Task<Proxy> StartAsync(string program, Uri server, IPAddress visitor)
        {
            var proxy = new Proxy(program, server, visitor);
            try
            {
                proxy.process.Start();
                proxy.process.BeginOutputReadLine();
                proxy.process.BeginErrorReadLine();
                using var deadline = new CancellationTokenSource(Patience);
                using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
                while (await timer.WaitForNextTickAsync(deadline.Token))
                {
                    lock (proxy.output) Assert.False(proxy.process.HasExited, $"{program} ended:\n{proxy.output}");
                    try
                    {
                        using var ready = await proxy.Http.GetAsync("/health/ready", deadline.Token);
                        if (ready.IsSuccessStatusCode) return proxy;
                    }
                    catch (HttpRequestException)
                    {
                        // Not listening yet.
                    }
                }

                throw new InvalidOperationException($"{program} does not answer.");
            }
            catch
            {
                await proxy.DisposeAsync();
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            try
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync();
            }
            catch (InvalidOperationException)
            {
                // It never began, or has ended.
            }

            process.Dispose();
            Http.Dispose();
            port.Dispose();
            directory.Dispose();
        }

        private void Note(string? line)
        {
            lock (output) output.AppendLine(line);
        }

        private X509Certificate2 WriteCertificate()
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=pay.example", key, HashAlgorithmName.SHA256);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("pay.example");
            request.CertificateExtensions.Add(names.Build());
            var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
            File.WriteAllText(directory.File("pay.pem"), certificate.ExportCertificatePem());
            File.WriteAllText(directory.File("pay.key"), key.ExportPkcs8PrivateKeyPem());
            return certificate;
        }

        private static string Replaced(string text, params (string Old, string New)[] pairs)
        {
            foreach (var (old, replacement) in pairs)
            {
                Assert.Contains(old, text, StringComparison.Ordinal);
                text = text.Replace(old, replacement, StringComparison.Ordinal);
            }

            return text;
        }

        private static string FileOfGuide(string name)
        {
            var here = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(here.FullName, "Farthing.slnx"))) here = here.Parent!;
            return FilesOfGuide().Matches(File.ReadAllText(Path.Combine(here.FullName, "docs", "guides", "going-live.md"))).Single(match => match.Groups["name"].Value == name).Groups["text"].Value;
        }

        [GeneratedRegex(@"^<!-- file: (?<name>\S+) -->\n```(?:nginx)?\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
        private static partial Regex FilesOfGuide();
    }
}
