using System.Globalization;
using System.Text;
using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>The keys that a server has used since some second, by its own idle times; and those of which it cannot tell.</summary>
/// <remarks>
/// Small integers may be objects that many keys share, with one idle time for all of them: a key that is given one looks as idle as the others. So whatever is kept as an
/// integer counts as used. An idle time of more than three months (the clock has 24 bits of seconds) may be one that lies in the future because the clock was set: used, too.
/// </remarks>
/// <param name="since">Seconds since 1970 by the server's clock.</param>
internal sealed class RecentUse(long since) : IScanFilter
{
    /// <summary>So many keys, about, tell for all: SCAN walks over them in the order of their hashes.</summary>
    private const long Sample = 1000;

    /// <summary>So many are compared one by one in any case.</summary>
    private const long FewKeys = 100;

    private readonly byte[] _since = Encoding.ASCII.GetBytes(since.ToString(CultureInfo.InvariantCulture));

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Script =>
        "local ask,o=redis.pcall,{} local t,r=redis.call('TIME'),redis.call('SCAN',ARGV[1],'COUNT',ARGV[2]) local most=t[1]-ARGV[3] "u8
        + "for _,k in ipairs(r[2]) do local i=ask('OBJECT','IDLETIME',k) if type(i)~='number' or i<=most or i>8000000 "u8
        + "then o[#o+1]=k else local e=ask('OBJECT','ENCODING',k) if type(e)~='string' or e=='int' then o[#o+1]=k end end end return {r[1],o}"u8;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Argument => _since;

    /// <inheritdoc/>
    public bool Contains(ReadOnlySpan<byte> key) => true;

    /// <summary>Asks the server whether it lets itself be asked so, and whether that is worth it: keys that were used are compared one by one, which costs more than to
    /// compare the sums of all.</summary>
    /// <returns>Why not, in a few words, or <see langword="null"/>.</returns>
    public async ValueTask<string?> WhyNotAsync(VerifySide side, int database, bool fenced, CancellationToken stop)
    {
        if (!side.ManyKeysPerCommand)
        {
            return "the source is a cluster";
        }

        foreach (var about in (string[])["IDLETIME", "ENCODING"])
        {
            if ((await side.Looks.TryCallAsync(stop, "OBJECT", about, "keyferry:{verify}")).IsError)
            {
                return $"OBJECT {about} is refused";
            }
        }

        var script = await ServerScript.TryCreateAsync(side, Encoding.ASCII.GetString(Script), fenced, stop, "0", 1L, _since);
        if (script is null || (script.Command == "EVAL") == side.HasReadOnlyScripts)
        {
            return "scripts are refused";
        }

        var used = CountOf((await script.CallAsync(side.Pages, stop, "0", Sample, _since)).Span);
        var looked = Math.Min(Sample, side.Identity.Keyspace.GetValueOrDefault(database));
        return used > Math.Max(FewKeys, looked / 10) ? "more than a tenth of them were used since, or are integers" : null;
    }

    private static long CountOf(ReadOnlySpan<byte> page)
    {
        var reader = new RespReader(page);
        reader.Require();
        if (reader.IsError || reader.Count != 2)
        {
            return long.MaxValue;
        }

        reader.Require();
        return reader.RequireAggregate();
    }
}
