namespace Keyferry.Notifications;

/// <summary>What a test of one event class has found.</summary>
/// <param name="Letter">The class.</param>
/// <param name="What">What was done to raise its event, and which event that is.</param>
/// <param name="Families">The families in which the event came.</param>
/// <param name="Latency">From the write to the first of them.</param>
/// <param name="NotTested">Why it was not tested, or <see langword="null"/>.</param>
internal sealed record ClassResult(char Letter, string What, IReadOnlyList<ChannelFamily> Families, TimeSpan Latency, string? NotTested)
{
    /// <summary>Whether the event came.</summary>
    public bool Comes => Families.Count > 0;
}

/// <summary>What a test of all event classes has found.</summary>
/// <param name="Classes">One by one.</param>
/// <param name="Unproved">Why nothing could be tested at all, or <see langword="null"/>.</param>
internal sealed record NotificationTestResult(IReadOnlyList<ClassResult> Classes, string? Unproved)
{
    /// <summary>The family in which the event of every class that was tested came, by event where both did; <see langword="null"/> where none did.</summary>
    public ChannelFamily? Family =>
        Comes(ChannelFamily.Event) ? ChannelFamily.Event
        : Comes(ChannelFamily.Key) ? ChannelFamily.Key
        : null;

    /// <summary>The classes that were tested and told nothing in any family.</summary>
    public string Missing =>
        string.Concat(Classes.Where(static one => one.NotTested is null && !one.Comes).Select(static one => one.Letter));

    /// <summary>In one sentence.</summary>
    public string Words =>
        this switch
        {
            { Unproved: { } why } => $"not proved: {why}",
            { Family: { } family } => $"events of every class that was tested come through (family {family.Letter()})",
            { Missing.Length: > 0 } => $"no event came for the classes {Missing}",
            _ => "no family tells of every class",
        };

    /// <summary>Whether the event of every class that was tested came in <paramref name="family"/>.</summary>
    public bool Comes(ChannelFamily family) =>
        Classes.Any(static one => one.NotTested is null) && Classes.All(one => one.NotTested is not null || one.Families.Contains(family));
}
