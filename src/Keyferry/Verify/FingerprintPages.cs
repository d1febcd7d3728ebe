using System.Buffers.Binary;
using System.Text;
using Keyferry.Payloads;
using Keyferry.Resp;
using Keyferry.Transfer;

namespace Keyferry.Verify;

/// <summary>Compares pages by fingerprints that a read-only script takes on each server: the last 10 bytes of the DUMP payload (version and CRC64) and the expiry.</summary>
/// <remarks>
/// <para>It moves 18 bytes a key instead of the value and costs the servers about what DUMP alone costs. Equal fingerprints are equal values of one payload
/// version; unequal ones may still be equal values in another encoding.</para>
/// <para>The script is sent with each call instead of being loaded before: loading leaves a trace, is replicated by old servers and is forgotten at a restart.
/// Where there is EVAL_RO it is used, because a fenced source holds back EVAL.</para>
/// <para>A call ends early once its payloads exceed a limit, so that no server is blocked for long.</para>
/// </remarks>
internal sealed class FingerprintPages : IPageLook
{
    private const int EntryLength = PayloadFooter.Length + 8;
    private const int MostKeysPerCall = 100;

    /// <summary>Stands for a value that is too large to be dumped.</summary>
    private const byte LargeMark = 1;

    private readonly VerifyLink _link;
    private readonly byte[] _sourceCall;
    private readonly byte[] _targetCall;
    private readonly Queue<int> _asked = new();
    private int _keysPerCall = MostKeysPerCall;

    private FingerprintPages(VerifyLink link, int pageSize, byte[] sourceCall, byte[] targetCall)
    {
        _link = link;
        PageSize = pageSize;
        _sourceCall = sourceCall;
        _targetCall = targetCall;
    }

    /// <inheritdoc/>
    public int PageSize { get; }

    /// <summary>Tries the script on both sides.</summary>
    /// <returns><see langword="null"/> where it is of no use: another payload version, no scripting, or no right to it.</returns>
    public static async ValueTask<FingerprintPages?> TryCreateAsync(VerifyLink link, VerifyOptions options, CancellationToken stop)
    {
        var (source, target) = (link.Source, link.Target);
        var sameVersion =
            source.Identity.PayloadVersion == target.Identity.PayloadVersion
            && (source.Identity.PayloadVersion != 0 || source.Identity.Version == target.Identity.Version);
        if (!sameVersion || !source.ManyKeysPerCommand || !target.ManyKeysPerCommand)
        {
            return null;
        }

        var onSource = await TryAsync(source, options.SourceIsFenced, stop);
        var onTarget = onSource is null ? null : await TryAsync(target, fenced: false, stop);
        return onSource is null || onTarget is null ? null : new FingerprintPages(link, options.PageSize, onSource, onTarget);
    }

    /// <inheritdoc/>
    public void Ask(KeyBatch page)
    {
        _asked.Enqueue(_keysPerCall);
        var onTarget = _link.OnTarget(page);
        for (var first = 0; first < page.Count; first += _keysPerCall)
        {
            var count = Math.Min(_keysPerCall, page.Count - first);
            Write(_link.Source.Pages.Output, _sourceCall, page, first, count);
            Write(_link.Target.Pages.Output, _targetCall, onTarget, first, count);
        }
    }

    /// <inheritdoc/>
    public async ValueTask CompareAsync(KeyBatch page, KeyBatch suspects, CancellationToken stop)
    {
        var keysPerCall = _asked.Dequeue();
        var cut = false;
        for (var first = 0; first < page.Count; first += keysPerCall)
        {
            var onSource = await _link.Source.Pages.ReadAsync(stop);
            var onTarget = await _link.Target.Pages.ReadAsync(stop);
            cut |= Compare(onSource.Span, onTarget.Span, page, first, Math.Min(keysPerCall, page.Count - first), suspects);
        }

        _keysPerCall = cut ? Math.Max(1, keysPerCall / 2) : Math.Min(MostKeysPerCall, _keysPerCall + 1);
    }

    private bool Compare(
        ReadOnlySpan<byte> sourceFrame,
        ReadOnlySpan<byte> targetFrame,
        KeyBatch page,
        int first,
        int count,
        KeyBatch suspects
    )
    {
        var source = Entries(sourceFrame, _link.Source);
        var target = Entries(targetFrame, _link.Target);
        var known = Math.Min(Math.Min(source.Length, target.Length) / EntryLength, count);
        for (var i = 0; i < known; i++)
        {
            if (!AreEqual(source.Slice(i * EntryLength, EntryLength), target.Slice(i * EntryLength, EntryLength)))
            {
                suspects.Add(page[first + i]);
            }
        }

        for (var i = known; i < count; i++)
        {
            suspects.Add(page[first + i]);
        }

        return known < count;
    }

    private bool AreEqual(ReadOnlySpan<byte> source, ReadOnlySpan<byte> target) =>
        source[0] != LargeMark
        && source[..PayloadFooter.Length].SequenceEqual(target[..PayloadFooter.Length])
        && _link.Expiry.Agree(
            BinaryPrimitives.ReadInt64BigEndian(source[PayloadFooter.Length..]),
            BinaryPrimitives.ReadInt64BigEndian(target[PayloadFooter.Length..])
        );

    /// <summary>The packed entries; empty where the script failed on these keys, which are then looked at one by one.</summary>
    private static ReadOnlySpan<byte> Entries(ReadOnlySpan<byte> frame, VerifySide side)
    {
        var reader = new RespReader(frame);
        reader.Require();
        if (!reader.IsError)
        {
            return reader.Bytes;
        }

        var refused = new ServerErrorException(reader.Text, "EVAL");
        return Outage.IsPassing(refused) ? throw side.Refused(refused.Reply, refused.Command) : default;
    }

    private static void Write(RespOutput output, byte[] call, KeyBatch page, int first, int count)
    {
        output.Command(3 + count);
        output.Raw(call);
        output.Bulk(count);
        for (var i = 0; i < count; i++)
        {
            output.Bulk(page[first + i]);
        }
    }

    private static async ValueTask<byte[]?> TryAsync(VerifySide side, bool fenced, CancellationToken stop)
    {
        var script = Script(side.HasPExpireTime);
        foreach (var command in (string[])(fenced ? ["EVAL_RO"] : ["EVAL_RO", "EVAL"]))
        {
            var reply = await side.Looks.TryCallAsync(stop, command, script, 1, "keyferry:{verify}");
            if (!reply.IsError && reply.Bytes.Length == EntryLength)
            {
                return Encoding.ASCII.GetBytes($"${command.Length}\r\n{command}\r\n${script.Length}\r\n{script}\r\n");
            }
        }

        return null;
    }

    /// <summary>A large value is not dumped: it is looked at piece by piece. Servers before 7.0 tell only the time left, which is added to their own clock.</summary>
    private static string Script(bool hasPExpireTime)
    {
        var clock = hasPExpireTime ? "" : "local t=redis.call('TIME') local now=t[1]*1000+math.floor(t[2]/1000) ";
        var expiry = hasPExpireTime ? "local e=call('PEXPIRETIME',k) " : "local e=call('PTTL',k) if e>=0 then e=e+now end ";
        return "local call,try,sub,pack=redis.call,redis.pcall,string.sub,struct.pack "
            + "local large=string.rep('\\1',18) local never,absent=pack('>i8',-1),string.rep('\\0',10)..pack('>i8',-2) local out,size={},0 "
            + clock
            + $"for i=1,#KEYS do local k=KEYS[i] local u=try('MEMORY','USAGE',k,'SAMPLES','{MemoryQuestion.Samples}') if type(u)=='number' and u>{VerifyLink.LargeValue} then out[i]=large else "
            + "local d=call('DUMP',k) if d then "
            + expiry
            + "size=size+#d out[i]=sub(d,-10)..(e==-1 and never or pack('>i8',e)) if size>1000000 then break end "
            + "else out[i]=absent end end end return table.concat(out)";
    }
}
