using System.Text;
using Keyferry.Queue;

namespace Keyferry.Tests.Queue;

public sealed class KeyBatchTests
{
    [Fact]
    public void Keys_read_by_mget_stand_together_and_changed_ones_stay_before_the_others()
    {
        var batch = BatchOf("a b C D e F G h", firstOffered: 4);

        batch.GroupByRead();

        Assert.Equal("C D a b F G e h", Names(batch));
        Assert.Equal(4, batch.FirstOffered);
    }

    [Fact]
    public void Batch_of_one_sort_stays_as_it_is()
    {
        var batch = BatchOf("A B C", firstOffered: int.MaxValue);

        batch.GroupByRead();

        Assert.Equal("A B C", Names(batch));
    }

    [Fact]
    public void Keys_of_which_nothing_is_decided_go_on_in_another_batch()
    {
        var batch = BatchOf("a b c d e", firstOffered: 3);
        batch.TakenAt = 7;
        batch.Items[0].Write = KeyWrite.Put;
        batch.Items[2].Write = KeyWrite.Unlink;
        batch.Items[4].Write = KeyWrite.Nothing;
        var rest = BatchOf("x", firstOffered: 0);

        Assert.True(batch.LeaveTo(rest));

        Assert.Equal(("b d", 1, 7u, 2L), (Names(rest), rest.FirstOffered, rest.TakenAt, rest.OldestSequence));
        Assert.Equal((KeyFlags.Live, 2L, KeyWrite.None), (rest.Items[0].Flags, rest.Items[0].Sequence, rest.Items[0].Write));
        Assert.Equal(
            [KeyWrite.Put, KeyWrite.Aside, KeyWrite.Unlink, KeyWrite.Aside, KeyWrite.Nothing],
            batch.Items.ToArray().Select(static item => item.Write)
        );
        Assert.False(batch.LeaveTo(rest));
    }

    /// <summary>Names in capitals are read by MGET.</summary>
    private static KeyBatch BatchOf(string names, int firstOffered)
    {
        var batch = new KeyBatch();
        batch.Clear();
        foreach (var name in names.Split(' '))
        {
            batch.Add(
                new KeyEntry
                {
                    Key = Encoding.ASCII.GetBytes(name),
                    Flags = KeyFlags.Live,
                    Sequence = batch.Count + 1,
                }
            );
            batch.Items[^1].ByMGet = char.IsUpper(name[0]);
        }

        batch.FirstOffered = firstOffered;
        return batch;
    }

    private static string Names(KeyBatch batch) =>
        string.Join(' ', Enumerable.Range(0, batch.Count).Select(i => Encoding.ASCII.GetString(batch.Key(i))));
}
