namespace Keyferry.Model;

/// <summary>Makes passwords that are good for a short time only: each login asks for one of its own.</summary>
public interface IPasswordSource
{
    /// <summary>How long a connection may go on after a login; then it must say a new password, or is cut.</summary>
    TimeSpan Renewal { get; }

    /// <summary>A password that is good now.</summary>
    /// <exception cref="KeyferryException">None can be made.</exception>
    ValueTask<Secret> GetAsync(CancellationToken stop);
}
