namespace Keyferry.Verify;

/// <summary>How the digest of a value is taken so that it is the same on both servers.</summary>
internal enum DigestKind
{
    /// <summary>Both write the same payload version: the CRC64 that every DUMP payload ends with.</summary>
    SamePayload,

    /// <summary>Another version, but the same encodings of small values (Redis 7.0 and newer, every Valkey): a hash of the payload without its end.</summary>
    SameEncodings,

    /// <summary>Other encodings, too: a hash of the elements.</summary>
    Elements,
}

/// <summary>The texts of the read-only scripts by which a server walks its own keys and says of each, in a few bytes, what it is.</summary>
/// <remarks>
/// <para>Hash tables list their members in another order on every server (the seed of the hash function is random), so their digest is a sum over the
/// members' hashes, wherever the payload is no larger than <see cref="LargestByElements"/>. All else is as it stands in the payload.</para>
/// <para>Numbers in these scripts are doubles: hashes are cut to 48 bits, and sums are kept below 2^48, so that all of it stays exact.</para>
/// </remarks>
internal static class DigestScript
{
    /// <summary>Payloads of so many bytes and more are not taken apart into elements, which would keep the server from others for too long.</summary>
    public const int LargestByElements = 65_536;

    /// <summary>When the payloads of one call have reached so many bytes, its other keys are only named.</summary>
    public const int MostPayloadBytes = 512_000;

    /// <summary>Bytes of the hash of a name.</summary>
    public const int NameHashLength = 6;

    /// <summary>Bytes of a digest.</summary>
    public const int DigestLength = 8;

    private const string Prelude =
        "local call,sub,pack,num,cat=redis.call,string.sub,struct.pack,tonumber,table.concat "
        + "local function h48(s) return num(sub(redis.sha1hex(s),1,12),16) end ";

    private const string Members =
        "local M=281474976710656 "
        + "local function set(k) local s=0 for _,m in ipairs(call('SMEMBERS',k)) do s=(s+h48('s'..m))%M end return s end "
        + "local function hash(k) local v,s=call('HGETALL',k),0 for i=1,#v,2 do s=(s+h48('h'..#v[i]..':'..v[i]..v[i+1]))%M end return s end "
        + "local function timed(k) local v,f,s=call('HGETALL',k),{},0 for i=1,#v,2 do f[#f+1]=v[i] end "
        + "if #f==0 or #f>4000 then return nil end local e=call('HPEXPIRETIME',k,'FIELDS',#f,unpack(f)) "
        + "for i=1,#f do s=(s+h48('t'..#f[i]..':'..e[i]..':'..f[i]..v[2*i]))%M end return s end ";

    private const string Sequences =
        "local function list(k) local v=call('LRANGE',k,0,-1) for i=1,#v do v[i]=#v[i]..':'..v[i] end return h48('l'..cat(v)) end "
        + "local function zset(k) local v=call('ZRANGE',k,0,-1,'WITHSCORES') for i=1,#v,2 do local n=num(v[i+1]) "
        + "v[i]=#v[i]..':'..v[i] v[i+1]=n and string.format('%.17g',n) or v[i+1] end return h48('z'..cat(v,' ')) end ";

    /// <summary>A stream with its groups and what is pending in them, without what only tells how it is stored or when it was last looked at. What an older version does
    /// not know (how many entries a group has read, say) is left out on both sides by <see cref="SinceListpacks"/>.</summary>
    private const string Streams =
        "local function raw(v,o) if type(v)=='table' then o[#o+1]='{' for i=1,#v do raw(v[i],o) end o[#o+1]='}' else v=tostring(v) o[#o+1]=#v..':'..v end end "
        + "local function map(v,o) o[#o+1]='{' for i=1,#v,2 do local k,x=v[i],v[i+1] if not W[k] then o[#o+1]=k "
        + "if (k=='groups' or k=='consumers') and type(x)=='table' then for j=1,#x do map(x[j],o) end else raw(x,o) end end end o[#o+1]='}' end "
        + "local function stream(k) local o={} map(call('XINFO','STREAM',k,'FULL','COUNT','0'),o) return h48('x'..cat(o,' ')) end ";

    private const string Storage = "local W={['radix-tree-keys']=1,['radix-tree-nodes']=1,['seen-time']=1,['active-time']=1,['lag']=1} ";

    private const string SinceListpacks =
        "W['max-deleted-entry-id']=1 W['entries-added']=1 W['recorded-first-entry-id']=1 W['entries-read']=1 ";

    private const string PayloadEnd = "local function rest(d) return sub(d,-8) end ";

    private const string PayloadBody = "local function rest(d) return pack('>I2I6',0,h48(sub(d,1,-11))) end ";

    /// <summary>By the type byte at the beginning of a payload: 2 and 4 are hash tables, 22 and 24 hashes with expiring fields, 20 a small set, 15, 19, 21 and 26 streams.</summary>
    private const string TablesOnly = "local F={[2]=set,[4]=hash,[22]=timed,[24]=timed} ";

    private const string TablesSetsAndStreams =
        "local F={[2]=set,[20]=set,[4]=hash,[15]=stream,[19]=stream,[21]=stream,[22]=timed,[24]=timed,[26]=stream} ";

    private const string EveryType =
        "local F={[1]=list,[2]=set,[3]=zset,[4]=hash,[5]=zset,[10]=list,[11]=set,[12]=zset,[13]=hash,[14]=list,[15]=stream,[16]=hash,[17]=zset,"
        + "[18]=list,[19]=stream,[20]=set,[21]=stream,[22]=timed,[24]=timed,[25]=timed,[26]=stream} ";

    /// <summary>The script that says of each key of one SCAN page what it is.</summary>
    /// <remarks>
    /// <para>ARGV: cursor, COUNT, the beginning of names that take no part. Reply: next cursor, bytes of payload, entries. An entry is the hash of the name
    /// (<see cref="NameHashLength"/> bytes), then <c>U</c> (unknown: the page was too large), or <c>N</c> and the digest, or <c>E</c>, the digest, and the expiry in 6 bytes.</para>
    /// </remarks>
    /// <param name="kind">How digests are taken.</param>
    /// <param name="hasPExpireTime">Servers before 7.0 tell only the time left, which is added to their own clock.</param>
    public static string Entries(DigestKind kind, bool hasPExpireTime)
    {
        var functions = kind switch
        {
            DigestKind.SamePayload => Members + TablesOnly + PayloadEnd,
            DigestKind.SameEncodings => Members + Storage + Streams + TablesSetsAndStreams + PayloadBody,
            _ => Members + Sequences + Storage + SinceListpacks + Streams + EveryType + PayloadBody,
        };
        // The clock is asked right after the time left: values that are dumped in between take time.
        var expiry = hasPExpireTime
            ? "local e=call('PEXPIRETIME',k) "
            : "local e=call('PTTL',k) if e>=0 then local t=call('TIME') e=e+t[1]*1000+math.floor(t[2]/1000) end ";
        return Prelude
            + functions
            + "local r,p,out,n,size=call('SCAN',ARGV[1],'COUNT',ARGV[2]),ARGV[3],{},0,0 "
            + "for _,k in ipairs(r[2]) do if sub(k,1,#p)~=p then local o=pack('>I6',h48(k)) "
            + $"local u=redis.pcall('MEMORY','USAGE',k) if size>={MostPayloadBytes} or type(u)=='number' and u>{VerifyLink.LargeValue} then n=n+1 out[n]=o..'U' else local d=call('DUMP',k) if d then size=size+#d "
            + expiry
            + $"local c,f=nil,#d<{LargestByElements} and F[string.byte(d)] if f then c=f(k) c=c and pack('>I2I6',1,c) else c=rest(d) end n=n+1 "
            + "out[n]=not c and o..'U' or o..(e>=0 and 'E' or 'N')..c..(e>=0 and pack('>I6',e) or '') "
            + "end end end end return {r[1],size,cat(out)}";
    }

    /// <summary>The script that walks on and tells only the names whose hash is asked for.</summary>
    /// <remarks>ARGV: cursor, COUNT, a map of 4,096 bits by the first 12 bits of the name's hash. The reply has the form of SCAN's.</remarks>
    public static ReadOnlySpan<byte> Names =>
        "local r=redis.call('SCAN',ARGV[1],'COUNT',ARGV[2]) local m,o=ARGV[3],{} for _,k in ipairs(r[2]) do "u8
        + "local h=tonumber(string.sub(redis.sha1hex(k),1,3),16) local i=h%8 "u8
        + "if math.floor(string.byte(m,(h-i)/8+1)/2^i)%2==1 then o[#o+1]=k end end return {r[1],o}"u8;
}
