using Keyferry.Servers;

namespace Keyferry.Contracts;

/// <summary>A server that a capture listens to, real or simulated, and somebody who writes to it.</summary>
internal interface ICaptureBench
{
    /// <summary>The capture's connections.</summary>
    ServerConnector Connector { get; }

    /// <summary>The clock that both live by.</summary>
    TimeProvider Time { get; }

    /// <summary>Whether nothing else can make the server late.</summary>
    bool IsUndisturbed { get; }

    /// <summary>Runs a command of the application.</summary>
    Task ExecuteAsync(params byte[][] command);

    /// <summary>Ends every connection of the capture, and of others.</summary>
    Task CutAsync();

    /// <summary>Lets time pass.</summary>
    Task PassAsync(TimeSpan time);
}
