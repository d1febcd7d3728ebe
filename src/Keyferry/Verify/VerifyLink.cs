using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Throttle;
using Keyferry.Transfer;

namespace Keyferry.Verify;

/// <summary>Both sides of a comparison as they are connected now, and the rule for their expiries.</summary>
internal sealed class VerifyLink : IAsyncDisposable
{
    /// <summary>Bytes of memory from which on a value is compared piece by piece, and never dumped.</summary>
    public const long LargeValue = 2 << 20;

    private static readonly byte[] NoKey = "keyferry:{verify}"u8.ToArray();

    private readonly KeyBatch _onTarget = new();
    private KeyNames _names;

    private VerifyLink(VerifySide source, VerifySide target, VerifyOptions options, TimeProvider time)
    {
        Source = source;
        Target = target;
        Options = options;
        _names = options.Names;
        Shift = options.Shift ?? new ExpiryShift(source.Clock, target.Clock);
        var isExact = options.ExactExpiry && Shift.Milliseconds == 0 && source.HasPExpireTime && target.HasPExpireTime;
        Expiry = new ExpiryRule(Shift, options.ExpiryTolerance, source.Clock, target.Clock, isExact)
        {
            Policy = options.Expiry,
            Now = time.GetUtcNow,
        };
        Time = time;
        Pace = options.Pace;
    }

    /// <summary>Whether the servers are left to others between two pieces of the work. Then nothing is asked ahead, or it would be done during the rest.</summary>
    public bool Rests => Options.Rests is { Hurry: false };

    /// <summary>The source.</summary>
    public VerifySide Source { get; }

    /// <summary>The target.</summary>
    public VerifySide Target { get; }

    /// <summary>What is compared.</summary>
    public VerifyOptions Options { get; }

    /// <summary>By how much expiries were moved.</summary>
    public ExpiryShift Shift { get; }

    /// <summary>When expiries agree.</summary>
    public ExpiryRule Expiry { get; }

    /// <summary>The clock of the run.</summary>
    public TimeProvider Time { get; }

    /// <summary>How fast the source may be read; <see langword="null"/> for as fast as it answers.</summary>
    public SourcePace? Pace { get; }

    /// <summary>Connects to both servers.</summary>
    public static async ValueTask<VerifyLink> OpenAsync(
        ServerConnector source,
        ServerConnector target,
        VerifyOptions options,
        TimeProvider time,
        CancellationToken stop
    )
    {
        var left = await VerifySide.OpenAsync(source, time, stop);
        try
        {
            return new VerifyLink(left, await VerifySide.OpenAsync(target, time, stop), options, time);
        }
        catch
        {
            await left.DisposeAsync();
            throw;
        }
    }

    /// <summary>A piece of the work is over: leaves the servers to others for a while, where that is wanted.</summary>
    public ValueTask RestAsync(CancellationToken stop) => Options.Rests?.TakeAsync(stop) ?? ValueTask.CompletedTask;

    /// <summary>What keys of the source are called on the target, one for one; valid until the next call.</summary>
    public KeyBatch OnTarget(KeyBatch keys)
    {
        if (!_names.Rename)
        {
            return keys;
        }

        _onTarget.Clear();
        for (var i = 0; i < keys.Count; i++)
        {
            _onTarget.Add(OnTarget(keys.Memory(i)).Span);
        }

        return _onTarget;
    }

    /// <summary>What a key of the source is called on the target. One that is not moved is called as no key there is.</summary>
    public ReadOnlyMemory<byte> OnTarget(ReadOnlyMemory<byte> key) => _names.Rename ? _names.OnTarget(key.Span) ?? NoKey : key;

    /// <summary>Turns both sides to their database.</summary>
    public async ValueTask SelectAsync(DatabasePair pair, CancellationToken stop)
    {
        _names = Options.NamesOf(pair);
        await Source.SelectAsync(pair.Source, stop);
        await Target.SelectAsync(pair.Target, stop);
    }

    /// <summary>Sends what was written for pages on both sides.</summary>
    public async ValueTask FlushPagesAsync(CancellationToken stop)
    {
        await Source.Pages.FlushAsync(stop);
        await Target.Pages.FlushAsync(stop);
    }

    /// <summary>Sends what was written for closer looks on both sides.</summary>
    public async ValueTask FlushLooksAsync(CancellationToken stop)
    {
        await Source.Looks.FlushAsync(stop);
        await Target.Looks.FlushAsync(stop);
    }

    /// <summary>Asks both sides the same and returns both answers, none of them an error.</summary>
    /// <exception cref="ValueChangedException">The value is not there any more, or of another type.</exception>
    public async ValueTask<(ReadOnlyMemory<byte> Source, ReadOnlyMemory<byte> Target)> AskBothAsync(
        string command,
        ReadOnlyMemory<byte> key,
        CancellationToken stop,
        params RespArgument[] rest
    )
    {
        await PassAsync(stop);
        Source.Looks.Write([command, key, .. rest]);
        Target.Looks.Write([command, OnTarget(key), .. rest]);
        await FlushLooksAsync(stop);
        var onSource = await Source.Looks.ReadAsync(stop);
        Pace?.Received(onSource.Length);
        var onTarget = await Target.Looks.ReadAsync(stop);
        Source.Check(onSource, command);
        Target.Check(onTarget, command);
        return (onSource, onTarget);
    }

    /// <summary>Waits until the source may be asked for so many keys.</summary>
    public ValueTask PageAsync(int keys, CancellationToken stop) => Pace?.PageAsync(keys, stop) ?? ValueTask.CompletedTask;

    /// <summary>Waits until the source may be asked for more of a value.</summary>
    public ValueTask PassAsync(CancellationToken stop) => Pace?.PassAsync(isChange: false, stop) ?? ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _onTarget.Dispose();
        await Source.DisposeAsync();
        await Target.DisposeAsync();
    }
}
