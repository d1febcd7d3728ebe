namespace Keyferry.Simulation.Server;

/// <summary>The letters of <c>notify-keyspace-events</c>, as Redis 7.0 takes and prints them.</summary>
internal readonly record struct EventFlags(string Letters)
{
    private const string All = "g$lshzxetd";
    private const string Order = "g$lshzxetdKEmn";

    /// <summary>Reads what CONFIG SET was given.</summary>
    /// <returns><see langword="null"/> for a letter that is no flag.</returns>
    public static EventFlags? Parse(string text)
    {
        var letters = text.Replace("A", All, StringComparison.Ordinal);
        return letters.All(letter => Order.Contains(letter, StringComparison.Ordinal))
            ? new EventFlags(new string([.. Order.Where(letter => letters.Contains(letter, StringComparison.Ordinal))]))
            : null;
    }

    /// <summary>Whether a class of events is on.</summary>
    public bool Has(char letter) => Letters.Contains(letter, StringComparison.Ordinal);

    /// <summary>What CONFIG GET prints: <c>A</c> where all classes are on, and then <c>n</c> is lost.</summary>
    public override string ToString()
    {
        var flags = this;
        var all = All.All(flags.Has);
        var classes = all ? "A" : new string([.. (All + "n").Where(flags.Has)]);
        return classes + new string([.. "KEm".Where(flags.Has)]);
    }
}
