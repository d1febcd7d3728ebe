using Keyferry.Notifications;
using Keyferry.Servers;

namespace Keyferry.Doctor;

/// <summary>What one server answered to everything that was asked. Nothing is judged here.</summary>
internal sealed record ServerAnswers
{
    /// <summary>Who it is.</summary>
    public required ServerIdentity Identity { get; init; }

    /// <summary>The median of a few round trips.</summary>
    public TimeSpan RoundTrip { get; init; }

    /// <summary>The user's name there, or <see langword="null"/> where it is not told.</summary>
    public string? User { get; init; }

    /// <summary>What it said to commands that a migration uses, tried without effect: the command, and its refusal or <see langword="null"/>.</summary>
    public IReadOnlyDictionary<string, string?> Tried { get; init; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>Its notification flags.</summary>
    public FlagReading? Flags { get; init; }

    /// <summary>The line of <c>client-output-buffer-limit</c>, or <see langword="null"/> where it is not told.</summary>
    public string? BufferLimits { get; init; }

    /// <summary>What raises them there, or <see langword="null"/> where <c>CONFIG SET</c> does.</summary>
    public string? BufferRemedy { get; init; }

    /// <summary>The greatest number of connections, or <see langword="null"/> where it is not told.</summary>
    public long? MostClients { get; init; }

    /// <summary>Other clients, or <see langword="null"/> where they are not told.</summary>
    public IReadOnlyList<ClientSeen>? Clients { get; init; }

    /// <summary>Names of the modules.</summary>
    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>Names of the function libraries.</summary>
    public IReadOnlyList<string> Functions { get; init; } = [];

    /// <summary>Keys whose memory was asked for, at random.</summary>
    public int Sampled { get; init; }

    /// <summary>The most memory that one of them takes, in bytes.</summary>
    public long BiggestSampled { get; init; }
}

/// <summary>The limits of output buffers of a server that does not tell them itself.</summary>
/// <param name="Line">As <c>CONFIG GET client-output-buffer-limit</c> writes them: <c>pubsub 33554432 8388608 60</c>, bytes and seconds.</param>
/// <param name="Remedy">What raises them.</param>
internal sealed record BufferLimits(string Line, string Remedy);

/// <summary>A connection of somebody else, as <c>CLIENT LIST</c> tells it.</summary>
/// <param name="Address">From where.</param>
/// <param name="Name">The name it has given itself; may be empty.</param>
/// <param name="User">As whom; may be empty.</param>
/// <param name="Command">Its last command.</param>
/// <param name="Writes">Whether that command writes.</param>
internal sealed record ClientSeen(string Address, string Name, string User, string Command, bool Writes);
