using Keyferry.Aws;
using Keyferry.Aws.Calls;
using Keyferry.Aws.Doctor;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Notifications;
using Keyferry.Doctor;

namespace Keyferry.Cli.Amazon;

/// <summary>What <c>keyferry doctor</c> finds out about a cache by asking AWS.</summary>
internal sealed class CacheDoctor
{
    private readonly AwsSession _session;
    private readonly CacheAnswers _answers;
    private readonly FindingSide _side;

    private CacheDoctor(AwsSession session, CacheAnswers answers, FindingSide side) =>
        (_session, _answers, _side) = (session, answers, side);

    /// <summary>Asks AWS about a cache.</summary>
    /// <exception cref="Model.KeyferryException">There is no such cache, or AWS lets nothing be asked.</exception>
    public static async Task<CacheDoctor> AskAsync(CacheUri uri, FindingSide side, Surroundings surroundings, CancellationToken stop)
    {
        var session = await AwsArguments.OpenAsync(surroundings, uri.Region, null, stop);
        try
        {
            return new CacheDoctor(session, await new CacheQuestions(new ElastiCacheClient(session.Caller)).AskAsync(uri.Id, stop), side);
        }
        catch (AwsException refused)
        {
            throw AwsTrouble.Explain(refused);
        }
    }

    /// <summary>Where the cache is, without a login; <see langword="null"/> where it has no address.</summary>
    public Model.Endpoint? Bare =>
        _answers.Cache is { Status: "available", Address: { } address } cache ? default(CacheLogin).At(address, cache) : null;

    /// <summary>After how much the cache's parameter group cuts off a subscriber, or <see langword="null"/> where that is not known; its nodes do not tell.</summary>
    public BufferLimits? Limits =>
        _answers.Groups.Values.Select(GroupDecision.BufferLimits).FirstOrDefault(static line => line is not null) is { } line
            ? new BufferLimits(
                line,
                $"keyferry notifications enable --elasticache {_answers.Cache.Id} --region {_answers.Region} --pubsub-buffers --apply, which raises client-output-buffer-limit-pubsub-hard-limit and -soft-limit in its parameter group."
            )
            : null;

    /// <summary>What follows from it; and where the cache does not answer at all, what on the way is closed.</summary>
    /// <param name="reach">What was found of the way there, or <see langword="null"/>.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<IReadOnlyList<Finding>> FindingsAsync(Finding? reach, CancellationToken stop)
    {
        List<Finding> findings = [.. CacheJudgement.Of(_answers, _side)];
        // Rules of AWS drop packets: whoever refuses a connection has been reached.
        var silent = reach is { Step: "TCP" or "route" or "name" } && !reach.Saw.Contains("refused", StringComparison.Ordinal);
        if (silent && _answers.Cache.Address is { } address)
        {
            var way = new WayFindings(new ElastiCacheClient(_session.Caller), _session.Caller, _session.Surroundings);
            findings.AddRange(await way.FindAsync(_answers.Cache, address, _side, stop));
        }

        return findings;
    }
}
