using System.Globalization;

namespace Keyferry.Simulation.Server;

/// <summary>One command being run.</summary>
internal sealed class Call(SimServer server, SimClient client, Blob[] arguments)
{
    public SimServer Server => server;

    public SimClient Client => client;

    public Keyspace Keys => server.Keyspace;

    public ReplyWriter Reply => client.Reply;

    /// <summary>Arguments with the name.</summary>
    public int Count => arguments.Length;

    public ReadOnlySpan<Blob> Arguments => arguments;

    public Blob this[int index] => index < arguments.Length ? arguments[index] : throw CommandError.Syntax;

    /// <summary>A whole number.</summary>
    public long Integer(int index) =>
        long.TryParse(this[index].ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw CommandError.NotAnInteger;

    /// <summary>A score.</summary>
    public double Score(int index) => ParseScore(this[index].ToString()) ?? throw new CommandError("ERR value is not a valid float");

    /// <summary>Reads Redis's spelling of a floating-point number.</summary>
    public static double? ParseScore(string text) =>
        text.ToLowerInvariant() switch
        {
            "inf" or "+inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            var other => double.TryParse(other, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
        };
}
