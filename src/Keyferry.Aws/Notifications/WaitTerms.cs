namespace Keyferry.Aws.Notifications;

/// <summary>How patiently AWS is waited for.</summary>
/// <param name="Poll">Between two looks.</param>
/// <param name="Budget">Until it is given up.</param>
internal sealed record WaitTerms(TimeSpan Poll, TimeSpan Budget)
{
    /// <summary>A change of a group takes seconds to a minute; creating a cache up to a quarter of an hour.</summary>
    public static readonly WaitTerms Default = new(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(45));
}
