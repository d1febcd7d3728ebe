using System.Collections.ObjectModel;
using Keyferry.Capture;
using Keyferry.Cutover;
using Keyferry.Model;

namespace Keyferry.Migration;

/// <summary>What a user asked for. Immutable; the defaults are what most runs want.</summary>
public sealed record MigrationOptions
{
    /// <summary>The server to move from. A database in it restricts the run to that database.</summary>
    public required Endpoint Source { get; init; }

    /// <summary>The server to move to. A database in it is allowed only where the source names one too: then that one is written.</summary>
    public required Endpoint Target { get; init; }

    /// <summary>Which databases are moved, and where to; <see langword="null"/> for those that the URIs name, or all.</summary>
    public IReadOnlyDictionary<int, int>? Databases { get; init; }

    /// <summary>What stands before the names of a database of the source on the target, so that several of <see cref="Databases"/> can go into one.</summary>
    public IReadOnlyDictionary<int, string> DatabasePrefixes { get; init; } = ReadOnlyDictionary<int, string>.Empty;

    /// <summary>Which names of keys are moved.</summary>
    public KeyNames Names { get; init; } = KeyNames.All;

    /// <summary>Which kinds of keys are moved: by type, by size, by whether they expire.</summary>
    public KeyKinds Kinds { get; init; } = KeyKinds.All;

    /// <summary>What becomes of expiries.</summary>
    public ExpiryPolicy Expiry { get; init; } = ExpiryPolicy.Keep;

    /// <summary>Whether the source's libraries of functions are moved, too (Redis 7.0 and newer).</summary>
    public bool Functions { get; init; }

    /// <summary>What is moved.</summary>
    public MigrationMode Mode { get; init; } = MigrationMode.Live;

    /// <summary>Which nodes of the source names and values are read from. Changes are captured, and both sides are compared, at its primaries in any case.</summary>
    public SourceReads SourceReads { get; init; } = SourceReads.Primary;

    /// <summary>What becomes of keys that the target has already.</summary>
    public TargetKeys TargetKeys { get; init; } = TargetKeys.Refuse;

    /// <summary>What becomes of keys that the target cannot hold.</summary>
    public UnsupportedKeys UnsupportedKeys { get; init; } = UnsupportedKeys.Stop;

    /// <summary>Go on with the latest run of the work directory instead of beginning a new one.</summary>
    public bool Resume { get; init; }

    /// <summary>How changes are captured.</summary>
    public CaptureKind Capture { get; init; } = CaptureKind.Auto;

    /// <summary>Listen on two connections, so that losing one is no gap.</summary>
    public bool RedundantCapture { get; init; }

    /// <summary>How old a capture's connection may grow before a new one takes its place, without a gap; <see langword="null"/> for any age. For credentials that expire:
    /// servers close connections whose login has run out.</summary>
    public TimeSpan? CaptureMaximumAge { get; init; }

    /// <summary>With polling: from the end of one pass over both sides to the beginning of the next.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>End the run by itself once nothing has been written for this long (expiries do not count); <see langword="null"/> to follow until asked to end.</summary>
    public TimeSpan? UntilIdle { get; init; }

    /// <summary>Compare both sides at the end.</summary>
    public bool Verify { get; init; } = true;

    /// <summary>The folder of the run's state.</summary>
    public string WorkDirectory { get; init; } = ".keyferry";

    /// <summary>Ordered ways per shard. One keeps a short network busy; more are for long round trips.</summary>
    public int Lanes { get; init; } = 1;

    /// <summary>Bytes of the source's memory from which on a value is moved in pieces, beside the others.</summary>
    public long LargeValue { get; init; } = 2L << 20;

    /// <summary>Bytes of a large value that are asked for at a time.</summary>
    public int Piece { get; init; } = 256 * 1024;

    /// <summary>How long the source may be busy with a piece of a large value; pieces get smaller where it was longer.</summary>
    public TimeSpan Slice { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Memory for dirty keys, in bytes, over all lanes. When it is full a gap is opened and closed by a rescan.</summary>
    public long DirtyBudget { get; init; } = 64L << 20;

    /// <summary>Keys that may be read from the source in a second, by copy, changes and comparisons together; <see langword="null"/> for any. Changes go first.</summary>
    public long? KeysPerSecond { get; init; }

    /// <summary>Bytes of values that may be read from the source in a second; <see langword="null"/> for any.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>How long the source may take to answer a PING, on average: copy, rescans and comparisons go slower for it, changes do not. <see langword="null"/> for any.</summary>
    public TimeSpan? SourceLatencyBudget { get; init; }

    /// <summary>How the clients are handed over to the target; <see langword="null"/> where that is not the run's affair.</summary>
    internal CutoverOptions? Cutover { get; init; }

    /// <summary>How long a server may be silent while a reply is due.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long name look-up, connect and TLS handshake may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a server may stay away before the run gives up; it reconnects with growing pauses until then.</summary>
    public TimeSpan OutageBudget { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>With what chooses and names keys read the other way round, as a way back needs it. Functions stay as they are there.</summary>
    internal MigrationOptions Turned() =>
        this with
        {
            Databases = Databases?.ToDictionary(static pair => pair.Value, static pair => pair.Key),
            Names = Names.Reversed(),
            Functions = false,
        };
}
