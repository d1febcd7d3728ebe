namespace Keyferry.Simulation.Network;

/// <summary>How the simulated network behaves while nothing is wrong with it.</summary>
internal sealed record NetworkProfile
{
    /// <summary>The shortest way of a packet.</summary>
    public TimeSpan LeastLatency { get; init; } = TimeSpan.FromMicroseconds(30);

    /// <summary>The longest way of a packet.</summary>
    public TimeSpan MostLatency { get; init; } = TimeSpan.FromMicroseconds(400);

    /// <summary>Bytes that may be under way or unread in one direction; more wait with the sender, as behind full socket buffers.</summary>
    public int Window { get; init; } = 256 * 1024;

    /// <summary>How often bytes sent together arrive in pieces.</summary>
    public double Splits { get; init; } = 0.2;
}
