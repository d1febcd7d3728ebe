using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Web;

namespace Keyferry.AwsDouble.Caches;

/// <summary>Stands before a real server and lets one user in by tokens of IAM, over TLS; cuts connections whose last login is too long ago.</summary>
/// <remarks>Tokens are checked with code of its own: what the product signs with is not used here.</remarks>
public sealed class IamGate : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _over = new();
    private readonly string _cache;
    private readonly string _user;
    private readonly int _server;
    private readonly TimeSpan _cut;
    private readonly X509Certificate2 _certificate;
    private readonly Task _serving;
    private int _logins;
    private int _cuts;

    /// <summary>Begins to listen.</summary>
    /// <param name="cache">The name that tokens must be for.</param>
    /// <param name="user">The user that tokens must be for.</param>
    /// <param name="server">The port of the real server, which lets everybody in.</param>
    /// <param name="cut">AWS's twelve hours.</param>
    /// <param name="certificate">What it shows.</param>
    public IamGate(string cache, string user, int server, TimeSpan cut, LocalCertificate certificate)
    {
        (_cache, _user, _server, _cut) = (cache, user, server, cut);
        using var read = X509Certificate2.CreateFromPemFile(certificate.CertificateFile, certificate.KeyFile);
        _certificate = X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pfx), null);
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How often somebody has logged in.</summary>
    public int Logins => Volatile.Read(ref _logins);

    /// <summary>How many connections were cut for their age.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    /// <summary>Whether a token is good: for this cache and user, signed rightly, not older than its fifteen minutes.</summary>
    public static bool IsGood(string token, string cache, string user, string secret, DateTimeOffset now)
    {
        if (!token.StartsWith($"{cache}/?", StringComparison.Ordinal))
        {
            return false;
        }

        var query = token[(cache.Length + 2)..];
        var mark = query.IndexOf("&X-Amz-Signature=", StringComparison.Ordinal);
        var fields = HttpUtility.ParseQueryString(query);
        if (mark < 0 || fields["Action"] != "connect" || fields["User"] != user || fields["X-Amz-SignedHeaders"] != "host")
        {
            return false;
        }

        var at = DateTimeOffset.ParseExact(
            fields["X-Amz-Date"] ?? "",
            "yyyyMMdd'T'HHmmss'Z'",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal
        );
        var scope = (fields["X-Amz-Credential"] ?? "").Split('/', 2)[^1];
        var canonical = $"GET\n/\n{query[..mark]}\nhost:{cache}\n\nhost\n{Hex(SHA256.HashData([]))}";
        var text = $"AWS4-HMAC-SHA256\n{fields["X-Amz-Date"]}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = scope
            .Split('/')
            .Append(text)
            .Aggregate(
                Encoding.UTF8.GetBytes("AWS4" + secret),
                static (key, part) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part))
            );
        return now - at < TimeSpan.FromMinutes(15)
            && scope.Contains("/elasticache/", StringComparison.Ordinal)
            && fields["X-Amz-Signature"] == Hex(key);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Stop();
        await _serving;
        _certificate.Dispose();
        _over.Dispose();
    }

    private async Task ServeAsync()
    {
        var clients = new List<Task>();
        try
        {
            while (true)
            {
                clients.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_over.Token)));
            }
        }
        catch (Exception over) when (over is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(clients);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
        try
        {
            await using var outside = new SslStream(client.GetStream());
            await outside.AuthenticateAsServerAsync(
                _certificate,
                clientCertificateRequired: false,
                SslProtocols.None,
                checkCertificateRevocation: false
            );
            using var server = new TcpClient("127.0.0.1", _server);
            await using var inside = server.GetStream();
            var answering = inside.CopyToAsync(outside, end.Token);
            await ForwardAsync(outside, inside, end);
            await end.CancelAsync();
            await answering;
        }
        catch (Exception gone)
            when (gone is IOException or OperationCanceledException or SocketException or AuthenticationException or ObjectDisposedException
            )
        {
            // One side has gone, or the gate has cut it; both ends are closed here.
            return;
        }
    }

    private async Task ForwardAsync(SslStream outside, NetworkStream inside, CancellationTokenSource end)
    {
        var (buffer, held) = (new byte[256 * 1024], new List<byte>());
        var isIn = false;
        while (true)
        {
            var got = await outside.ReadAsync(buffer, end.Token);
            if (got == 0)
            {
                return;
            }

            held.AddRange(buffer.AsSpan(0, got));
            while (TakeCommand(held) is { } command)
            {
                if (Words(command) is ["AUTH", var user, var token])
                {
                    isIn = user == _user && IsGood(token, _cache, _user, AwsServer.SecretKey, TimeProvider.System.GetUtcNow());
                    _ = Interlocked.Increment(ref _logins);
                    end.CancelAfter(isIn ? _cut : Timeout.InfiniteTimeSpan);
                    _ = end.Token.Register(() => Interlocked.Increment(ref _cuts));
                    // In the order of the commands: the server itself says yes or no.
                    command = Encoding.ASCII.GetBytes(
                        isIn ? "*2\r\n$4\r\nECHO\r\n$2\r\nOK\r\n" : "*3\r\n$4\r\nAUTH\r\n$6\r\nnobody\r\n$1\r\nx\r\n"
                    );
                }

                await inside.WriteAsync(
                    isIn || Words(command)[0] == "AUTH" ? command : Encoding.ASCII.GetBytes("*1\r\n$6\r\nNOAUTH\r\n"),
                    end.Token
                );
            }
        }
    }

    /// <summary>Takes one whole command from the front, or nothing.</summary>
    private static byte[]? TakeCommand(List<byte> held)
    {
        var bytes = held.ToArray();
        var position = 0;
        if (!TryLine(bytes, ref position, out var head) || head[0] != '*')
        {
            return null;
        }

        for (var left = int.Parse(head[1..], CultureInfo.InvariantCulture); left > 0; left--)
        {
            if (!TryLine(bytes, ref position, out var size))
            {
                return null;
            }

            position += int.Parse(size[1..], CultureInfo.InvariantCulture) + 2;
            if (position > bytes.Length)
            {
                return null;
            }
        }

        held.RemoveRange(0, position);
        return bytes[..position];
    }

    private static bool TryLine(byte[] bytes, ref int position, out string line)
    {
        var end = bytes.AsSpan(position).IndexOf("\r\n"u8);
        line = end < 0 ? "" : Encoding.ASCII.GetString(bytes, position, end);
        position += end + 2;
        return end >= 0;
    }

    // Only what is asked for here: logins have short words without line ends.
    private static string[] Words(byte[] command) =>
        command.Length < 4096
            ? [.. Encoding.UTF8.GetString(command).Split("\r\n").Skip(2).Where(static (_, index) => index % 2 == 0)]
            : [""];

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
