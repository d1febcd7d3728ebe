using Keyferry.Transfer;

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

/// <summary>The text of the read-only script by which a server says of many keys at once, in a few bytes, what they are.</summary>
/// <remarks>
/// <para>The digest is one for all keys of a page, so that hashing is paid for by the byte and not by the key. Of strings it covers the bytes as MGET tells them: DUMP would try to
/// compress each. Of everything else it covers the end of the DUMP payload, or what <see cref="DigestKind"/> says.</para>
/// <para>Hash tables list their members in another order on every server (the seed of the hash function is random), so their members are sorted before they are
/// hashed, wherever the payload is no larger than <see cref="LargestByElements"/>. Sorting costs a third of hashing each member, but Lua sorts by the server's
/// locale: where one of both does not sort by bytes, the members' hashes are added up instead. All else is as it stands in the payload.</para>
/// <para>Numbers in these scripts are doubles: sums are kept below 2^48, so that all of it stays exact.</para>
/// </remarks>
internal static class DigestScript
{
    /// <summary>Payloads of so many bytes and more are not taken apart into elements, which would keep the server from others for too long.</summary>
    public const int LargestByElements = 65_536;

    /// <summary>When the values of one call have reached so many bytes, its other keys are set apart.</summary>
    public const int MostValueBytes = 512_000;

    /// <summary>Keys that one call is asked for, at most, where most of their values are looked at.</summary>
    public const int LargestPage = 512;

    private const int SmallestPage = 8;

    /// <summary>Bytes of the digest of one key: the first 16 hexadecimal digits of a SHA-1. (To pack them costs the server more than to send them.)</summary>
    public const int KeyDigestLength = 16;

    /// <summary>Bytes that tell the place of a key in its page, and its expiry.</summary>
    public const int ExpiryLength = PlaceLength + 6;

    /// <summary>Bytes of a sum of digests: 16 bits of one sum, 48 of another.</summary>
    public const int SumLength = 8;

    /// <summary>Bytes of a place.</summary>
    public const int PlaceLength = 2;

    /// <summary>In place of a second: no value is looked at.</summary>
    public const string NamesOnly = "-";

    /// <summary>Tells, by 1, that the server sorts strings by their bytes: locales that do otherwise put small letters before large ones.</summary>
    public const string SortsByBytes = "return 'B'<'a' and 1 or 0";

    /// <summary>How many keys to ask for next: fewer where values are large, so that a call stays short.</summary>
    /// <param name="page">How many it was last.</param>
    /// <param name="valueBytes">Bytes of their values.</param>
    /// <param name="largest">How many it may be.</param>
    public static int NextPage(int page, long valueBytes, int largest) =>
        valueBytes >= MostValueBytes / 2 ? Math.Max(SmallestPage, page / 2)
        : valueBytes < MostValueBytes / 8 ? Math.Min(largest, page * 2)
        : Math.Min(largest, page);

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

    private const string Sums =
        "local function add(x,s,t) local h=sha(x) return (s+num(sub(h,1,12),16))%281474976710656,(t+num(sub(h,13,16),16))%65536 end ";

    private const string SummedMembers =
        "local function sum(s,t) return pack('>I2I6',t,s) end "
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

    /// <summary>The keys that are to be looked at.</summary>
    private const string Page =
        "local function names(t) return #t>0 and mp(t) or '' end local named,cursor,K,all,whole=ARGV[1]=='','',nil,'',0 "
        + "if named then K=cmsgpack.unpack(ARGV[2]) whole=#K else local since=ARGV[4] local now=since~='' and call('TIME')[1] local r,p,l=call('SCAN',ARGV[1],'COUNT',ARGV[2]),ARGV[3],#ARGV[3] "
        + "local b=byte(p) cursor,K=r[1],r[2] for i=#K,1,-1 do local k=K[i] if byte(k)==b and sub(k,1,l)==p then table.remove(K,i) end end all,whole=names(K),#K "
        + $"if since=='{NamesOnly}' then K={{}} elseif now then local S,most=K,now-since K={{}} for i=1,#S do local k=S[i] local t=try('OBJECT','IDLETIME',k) "
        + "if type(t)~='number' or t<=most or t>8000000 then K[#K+1]=k "
        + "else local e=try('OBJECT','ENCODING',k) if type(e)~='string' or e=='int' then K[#K+1]=k end end end end end ";

    /// <summary>The script.</summary>
    /// <remarks>
    /// <para>ARGV: a cursor, COUNT, the beginning of names that take no part; a second since 1970, or nothing: only keys that the server may have used since are to be looked at, or
    /// none (<see cref="NamesOnly"/>); and <c>1</c> for a digest of each key in place of one for all. Or nothing, the packed names of the keys to be looked at, and <c>1</c> where they
    /// may be too much for one call; the rest as before.</para>
    /// <para>Reply: the next cursor; bytes of the values; how many keys were looked at; the names of the page; the names of those that were looked at, nothing
    /// where these are all that were asked for; the digest; the expiries of those that expire; the names of those set apart: too large, or too much for one call; and each hash table that is not in the digest: its place,
    /// and its payload. Names and payloads are packed by cmsgpack (<see cref="PackedNames"/>).</para>
    /// <para>A key that is named and not there counts as one without a value; one of the page that is gone meanwhile is passed over.</para>
    /// <para>Which keys the server has used is told by its own idle times. Small integers may be objects that many keys share, with one idle time for all of them: a key that is given
    /// one looks as idle as the others. So whatever is kept as an integer counts as used. An idle time of more than three months (the clock has 24 bits of
    /// seconds) may be one that lies in the future because the clock was set: used, too.</para>
    /// </remarks>
    /// <param name="kind">How digests are taken.</param>
    /// <param name="sorted">Whether both servers sort by bytes.</param>
    /// <param name="raw">Whether both servers tell strings by MGET, and how large they are before that.</param>
    /// <param name="tellsExpiry">Whether the server tells the absolute expiry; else (before 7.0) the time left is added to its own clock.</param>
    /// <param name="tellsSizes">Whether the server tells how large values are.</param>
    /// <param name="movesTables">Whether the payloads of small hash tables are told instead of digested, where not each key is: to sort the members costs a server three
    /// times as much, and 100,000 tables of 300 bytes among a million keys cost the wire 60 bytes a key.</param>
    /// <param name="summed">Whether the digest of a page is a sum of 64 bits of a hash for each key, its name included, to which nodes of a cluster add what is theirs.
    /// Keys that the node does not own are set apart. Not with <paramref name="raw"/>, since MGET takes keys of one slot only, nor with <paramref name="movesTables"/>.</param>
    public static string Text(
        DigestKind kind,
        bool sorted,
        bool raw,
        bool tellsExpiry,
        bool tellsSizes,
        bool movesTables,
        bool summed = false
    )
    {
        var members = (summed || !sorted ? Sums : "") + (sorted ? SortedMembers : SummedMembers);
        var functions = kind switch
        {
            DigestKind.SamePayload => members + TablesOnly + PayloadEnd,
            DigestKind.SameEncodings => members + Storage + Streams + TablesSetsAndStreams + PayloadBody,
            _ => members + Sequences + Storage + SinceListpacks + Streams + EveryType + PayloadBody,
        };
        // The clock is asked right after the time left: values that are dumped in between take time.
        var expiry = tellsExpiry
            ? "local e=call('PEXPIRETIME',k) "
            : "local e=call('PTTL',k) if e>=0 then local t=call('TIME') e=e+t[1]*1000+math.floor(t[2]/1000) end ";
        // How many samples is a text: of a number the server writes one with 17 digits first, which takes a sixth of the whole question.
        var sizes = tellsSizes
            ? $"local P,m={{}},0 for i=1,#K do local b=try('MEMORY','USAGE',K[i],'SAMPLES','{MemoryQuestion.Samples}') if type(b)~='number' then b={(summed ? "type(b)=='table' and math.huge or 0" : "0")} end "
                + $"if b>{VerifyLink.LargeValue} or size>=most then A[#A+1]=K[i] else m=m+1 P[m]=K[i] {(raw ? "size=size+b " : "")}end end "
            : "local P=K ";
        var strings = raw ? "local M=#P>0 and call('MGET',unpack(P)) or {} " : "local M={} ";
        var dump = raw ? "d=call('DUMP',k) " : "if size<most then d=call('DUMP',k) size=size+(d and #d or 0) end ";
        var table = movesTables ? "if byte(d)<5 and not each then t=d else c=f(k) end " : "c=f(k) ";
        return Prelude
            + functions
            + Page
            + $"local n,size,V,D,X,O,Q,A,T,each,most=0,0,{{}},{{}},{{}},{{}},{{}},{{}},{{}},ARGV[5]=='1',named and ARGV[3]=='' and math.huge or {MostValueBytes} "
            + (summed ? "local y,z=0,0 " : "")
            + sizes
            + strings
            + "for i=1,#P do local k,v,c,d,t=P[i],M[i] "
            + $"if not v then {dump}if d then local f=F[byte(d)] if f and #d<{LargestByElements} then {table}else c=rest(d) end "
            + "elseif d==false and named then c='-' end end "
            // A key of the page that is not there any more is no key: DUMP has answered with false. Where it was not asked for, it is nil.
            + "if not v and not c and not t then if d~=false then A[#A+1]=k end else n=n+1 Q[n]=k "
            + $"if each then O[n]=sub(sha(v and 's'..v or 'd'..c),1,{KeyDigestLength}) else {(summed ? "y,z=add('k'..#k..':'..k..c,y,z)" : "V[n]=v or c or false if not v then D[#D+1]=n end")} "
            + "if t then T[#T+1]=pack('>I2',n) T[#T+1]=t end end "
            + expiry
            // The places of all that is no string stand behind the values, so that no string passes for the digest of something else.
            + "if e>=0 then X[#X+1]=pack('>I2I6',n,e) end end end V[n+1]=D "
            + $"return {{cursor,size,n,all,n==whole and '' or names(Q),each and cat(O) or {(summed ? "pack('>I2I6',z,y)" : "sha(mp(V))")},cat(X),names(A),names(T)}}";
    }
}
