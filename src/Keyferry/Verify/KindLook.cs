using Keyferry.Resp;
using Keyferry.Transfer;

namespace Keyferry.Verify;

/// <summary>Sorts a page of the source's keys: those that take part, by type, size and expiry, are to be compared; of the others the target is to have none.</summary>
/// <remarks>It asks on the connections for closer looks, and reads all answers before it returns.</remarks>
internal sealed class KindLook(VerifyLink link)
{
    private readonly KindQuestions _questions = new(link.Options.Kinds, sizes: false, link.Source.HasPExpireTime);
    private readonly List<int> _outside = [];

    /// <summary>Sorts <paramref name="page"/>.</summary>
    /// <param name="page">Keys of the source.</param>
    /// <param name="inside">Gets those that take part; emptied before.</param>
    /// <param name="suspects">Gets those that do not, and that the target has all the same.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask SortAsync(KeyBatch page, KeyBatch inside, KeyBatch suspects, CancellationToken stop)
    {
        await link.PageAsync(page.Count, stop);
        inside.Clear();
        _outside.Clear();
        var source = link.Source.Looks;
        for (var i = 0; i < page.Count; i++)
        {
            _questions.Ask(source.Output, page[i]);
        }

        await source.FlushAsync(stop);
        for (var i = 0; i < page.Count; i++)
        {
            if ((await _questions.ReadAsync(source, link.Source.Check, stop)).Belongs)
            {
                inside.Add(page[i]);
            }
            else
            {
                _outside.Add(i);
            }
        }

        // Where the target's keys are not the run's, what it has under that name is nobody's business.
        if (link.Options.TargetKeysOwned && _outside.Count > 0)
        {
            await FindOnTargetAsync(page, suspects, stop);
        }
    }

    private async ValueTask FindOnTargetAsync(KeyBatch page, KeyBatch suspects, CancellationToken stop)
    {
        var target = link.Target.Looks;
        var onTarget = link.OnTarget(page);
        foreach (var index in _outside)
        {
            target.Output.Raw("*2\r\n$6\r\nEXISTS\r\n"u8);
            target.Output.Bulk(onTarget[index]);
        }

        await target.FlushAsync(stop);
        foreach (var index in _outside)
        {
            var frame = await target.ReadAsync(stop);
            link.Target.Check(frame, "EXISTS");
            if (!frame.Span.SequenceEqual(":0\r\n"u8))
            {
                suspects.Add(page[index]);
            }
        }
    }
}
