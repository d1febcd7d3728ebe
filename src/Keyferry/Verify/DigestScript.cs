namespace Keyferry.Verify;

/// <summary>How the digest of a value is taken so that it is the same on both servers.</summary>
internal enum DigestKind
{
    /// <summary>Both write the same payload version: the CRC64 that every DUMP payload ends with.</summary>
    SamePayload,

    /// <summary>No values: only whether there is a key of the name.</summary>
    NamesOnly,

    /// <summary>Another version, but the same encodings of small values (Redis 7.0 and newer, every Valkey): a hash of the payload without its end.</summary>
    SameEncodings,

    /// <summary>Other encodings, too: a hash of the elements.</summary>
    Elements,
}

/// <summary>The texts of the read-only scripts by which a server walks its own keys and says of each, in a few bytes, what it is.</summary>
/// <remarks>
/// <para>Hash tables list their members in another order on every server (the seed of the hash function is random), so their members are sorted before they are
/// hashed, wherever the payload is no larger than <see cref="LargestByElements"/>. Sorting costs a third of hashing each member, but Lua sorts by the server's
/// locale: where one of both does not sort by bytes, the members' hashes are added up instead. All else is as it stands in the payload.</para>
/// <para>Numbers in these scripts are doubles: sums are kept below 2^48, so that all of it stays exact.</para>
/// <para>What a key costs a server (Redis 7.0, mixed keys): SCAN 1.2 µs, DUMP 3.4, MEMORY USAGE 0.6, the hash of its name 0.6, PEXPIRETIME 0.4.</para>
/// </remarks>
internal static class DigestScript
{
    /// <summary>Payloads of so many bytes and more are not taken apart into elements, which would keep the server from others for too long.</summary>
    public const int LargestByElements = 65_536;

    /// <summary>When the payloads of one call have reached so many bytes, its other keys are only named.</summary>
    public const int MostPayloadBytes = 512_000;

    /// <summary>Bytes of the hash of a name: the first 16 hexadecimal digits of its SHA-1. (To pack them costs the server more than to send them.)</summary>
    public const int NameHashLength = 16;

    /// <summary>Bytes of a digest.</summary>
    public const int DigestLength = 8;

    /// <summary>Bytes of an expiry.</summary>
    public const int ExpiryLength = 6;

    /// <summary>Tells, by 1, that the server sorts strings by their bytes: locales that do otherwise put small letters before large ones.</summary>
    public const string SortsByBytes = "return 'B'<'a' and 1 or 0";

    private const string Prelude =
        "local call,try,sub,byte,pack,num,cat=redis.call,redis.pcall,string.sub,string.byte,struct.pack,tonumber,table.concat "
        + "local sha,mp,sort=redis.sha1hex,cmsgpack.pack,table.sort "
        + "local function h64(s) local h=sha(s) return pack('>I4I4',num(sub(h,1,8),16),num(sub(h,9,16),16)) end ";

    private const string SortedMembers =
        "local function set(k) local v=call('SMEMBERS',k) sort(v) return h64('s'..mp(v)) end "
        + "local function split(k) local v,f,m,n=call('HGETALL',k),{},{},0 for i=1,#v,2 do n=n+1 f[n]=v[i] m[v[i]]=v[i+1] end sort(f) return f,m,n end "
        + "local function hash(k) local f,m,n=split(k) for i=1,n do f[n+i]=m[f[i]] end return h64('h'..mp(f)) end "
        + "local function timed(k) local f,m,n=split(k) if n==0 or n>4000 then return nil end "
        + "local e=call('HPEXPIRETIME',k,'FIELDS',n,unpack(f)) for i=1,n do f[n+i]=m[f[i]] end return h64('t'..mp(f)..mp(e)) end ";

    private const string SummedMembers =
        "local function add(x,s,t) local h=sha(x) return (s+num(sub(h,1,12),16))%281474976710656,(t+num(sub(h,13,16),16))%65536 end "
        + "local function sum(s,t) return pack('>I2I6',t,s) end "
        + "local function set(k) local v,s,t=call('SMEMBERS',k),0,0 for i=1,#v do s,t=add('s'..v[i],s,t) end return sum(s,t) end "
        + "local function hash(k) local v,s,t=call('HGETALL',k),0,0 for i=1,#v,2 do s,t=add('h'..#v[i]..':'..v[i]..v[i+1],s,t) end return sum(s,t) end "
        + "local function timed(k) local v,f,s,t=call('HGETALL',k),{},0,0 for i=1,#v,2 do f[#f+1]=v[i] end "
        + "if #f==0 or #f>4000 then return nil end local e=call('HPEXPIRETIME',k,'FIELDS',#f,unpack(f)) "
        + "for i=1,#f do s,t=add('t'..#f[i]..':'..e[i]..':'..f[i]..v[2*i],s,t) end return sum(s,t) end ";

    private const string Sequences =
        "local function list(k) return h64('l'..mp(call('LRANGE',k,0,-1))) end "
        + "local function zset(k) local v=call('ZRANGE',k,0,-1,'WITHSCORES') for i=2,#v,2 do local n=num(v[i]) "
        + "v[i]=n and string.format('%.17g',n) or v[i] end return h64('z'..mp(v)) end ";

    /// <summary>A stream with its groups and what is pending in them, without what only tells how it is stored or when it was last looked at. What an older version does
    /// not know (how many entries a group has read, say) is left out on both sides by <see cref="SinceListpacks"/>.</summary>
    private const string Streams =
        "local function raw(v,o) if type(v)=='table' then o[#o+1]='{' for i=1,#v do raw(v[i],o) end o[#o+1]='}' else v=tostring(v) o[#o+1]=#v..':'..v end end "
        + "local function map(v,o) o[#o+1]='{' for i=1,#v,2 do local k,x=v[i],v[i+1] if not W[k] then o[#o+1]=k "
        + "if (k=='groups' or k=='consumers') and type(x)=='table' then for j=1,#x do map(x[j],o) end else raw(x,o) end end end o[#o+1]='}' end "
        + "local function stream(k) local o={} map(call('XINFO','STREAM',k,'FULL','COUNT','0'),o) return h64('x'..cat(o,' ')) end ";

    private const string Storage = "local W={['radix-tree-keys']=1,['radix-tree-nodes']=1,['seen-time']=1,['active-time']=1,['lag']=1} ";

    private const string SinceListpacks =
        "W['max-deleted-entry-id']=1 W['entries-added']=1 W['recorded-first-entry-id']=1 W['entries-read']=1 ";

    private const string PayloadEnd = "local function rest(d) return sub(d,-8) end ";

    private const string PayloadBody = "local function rest(d) return h64(sub(d,1,-11)) end ";

    /// <summary>By the type byte at the beginning of a payload: 2 and 4 are hash tables, 22 and 24 hashes with expiring fields, 20 a small set, 15, 19, 21 and 26 streams.</summary>
    private const string TablesOnly = "local F={[2]=set,[4]=hash,[22]=timed,[24]=timed} ";

    private const string TablesSetsAndStreams =
        "local F={[2]=set,[20]=set,[4]=hash,[15]=stream,[19]=stream,[21]=stream,[22]=timed,[24]=timed,[26]=stream} ";

    private const string EveryType =
        "local F={[1]=list,[2]=set,[3]=zset,[4]=hash,[5]=zset,[10]=list,[11]=set,[12]=zset,[13]=hash,[14]=list,[15]=stream,[16]=hash,[17]=zset,"
        + "[18]=list,[19]=stream,[20]=set,[21]=stream,[22]=timed,[24]=timed,[25]=timed,[26]=stream} ";

    /// <summary>The script that says of each key of one SCAN page what it is.</summary>
    /// <remarks>
    /// ARGV: cursor, COUNT, the beginning of names that take no part. Reply: next cursor, bytes of payload, and three strings of entries. An entry begins with the
    /// hash of a name (<see cref="NameHashLength"/>). Those of the first string end with a digest (<see cref="DigestLength"/>); those of the second, of keys that
    /// expire, with a digest and an expiry (<see cref="ExpiryLength"/>); those of the third have no more: their values are too large, or the page was, or
    /// nothing but names is asked for.
    /// </remarks>
    /// <param name="kind">How digests are taken.</param>
    /// <param name="sorted">Whether both servers sort by bytes.</param>
    /// <param name="side">Servers before 7.0 tell only the time left, which is added to their own clock; some do not tell how large values are.</param>
    public static string Entries(DigestKind kind, bool sorted, VerifySide side)
    {
        if (kind == DigestKind.NamesOnly)
        {
            return Prelude
                + "local r,p,l=call('SCAN',ARGV[1],'COUNT',ARGV[2]),ARGV[3],#ARGV[3] local K,names,n=r[2],{},0 "
                + $"for i=1,#K do if sub(K[i],1,l)~=p then n=n+1 names[n]=sub(sha(K[i]),1,{NameHashLength}) end end "
                + "return {r[1],0,'','',cat(names)}";
        }

        var members = sorted ? SortedMembers : SummedMembers;
        var functions = kind switch
        {
            DigestKind.SamePayload => members + TablesOnly + PayloadEnd,
            DigestKind.SameEncodings => members + Storage + Streams + TablesSetsAndStreams + PayloadBody,
            _ => members + Sequences + Storage + SinceListpacks + Streams + EveryType + PayloadBody,
        };
        // The clock is asked right after the time left: values that are dumped in between take time.
        var expiry = side.HasPExpireTime
            ? "e=call('PEXPIRETIME',k) "
            : "e=call('PTTL',k) if e>=0 then local t=call('TIME') e=e+t[1]*1000+math.floor(t[2]/1000) end ";
        var dump = side.TellsSizes
            ? $"local b=try('MEMORY','USAGE',k) if type(b)~='number' or b<={VerifyLink.LargeValue} then d=call('DUMP',k) end "
            : "d=call('DUMP',k) ";
        return Prelude
            + functions
            + "local r,p,l=call('SCAN',ARGV[1],'COUNT',ARGV[2]),ARGV[3],#ARGV[3] local K,plain,n,timely,m,unknown,size=r[2],{},0,{},0,{},0 "
            + $"for i=1,#K do local k=K[i] if sub(k,1,l)~=p then local h,c,e,d=sub(sha(k),1,{NameHashLength}) "
            + $"if size<{MostPayloadBytes} then {dump}end "
            // A key that is not there any more is no key: DUMP has answered with false. Where it was not asked for, it is nil.
            + "if d~=false then if d then size=size+#d "
            + expiry
            + $"local f=F[byte(d)] if f and #d<{LargestByElements} then c=f(k) else c=rest(d) end end "
            + "if not c then unknown[#unknown+1]=h elseif e<0 then plain[n+1]=h n=n+2 plain[n]=c "
            + "else timely[m+1]=h timely[m+2]=c m=m+3 timely[m]=pack('>I6',e) end end end end return {r[1],size,cat(plain),cat(timely),cat(unknown)}";
    }

    /// <summary>The script that walks on and tells only the names whose hash is asked for.</summary>
    /// <remarks>ARGV: cursor, COUNT, a map of 4,096 bits by the first 12 bits of the name's hash. The reply has the form of SCAN's.</remarks>
    public static ReadOnlySpan<byte> Names =>
        "local r=redis.call('SCAN',ARGV[1],'COUNT',ARGV[2]) local m,o=ARGV[3],{} for _,k in ipairs(r[2]) do "u8
        + "local h=tonumber(string.sub(redis.sha1hex(k),1,3),16) local i=h%8 "u8
        + "if math.floor(string.byte(m,(h-i)/8+1)/2^i)%2==1 then o[#o+1]=k end end return {r[1],o}"u8;
}
