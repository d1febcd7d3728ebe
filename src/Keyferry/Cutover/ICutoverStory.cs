using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cutover;

/// <summary>Is told what happens in a cutover; must return at once.</summary>
internal interface ICutoverStory
{
    /// <summary>The run is in <paramref name="phase"/> now, for a reason in words. It may be there already.</summary>
    void Enter(Phase phase, string words);

    /// <summary>The clients are about to be switched; from here on that cannot be taken back.</summary>
    /// <returns>Whether they may be: nobody has taken the cutover back before.</returns>
    bool BeginSwitch();

    /// <summary>A step begins within the phase.</summary>
    void Say(string words);

    /// <summary>Something to know.</summary>
    void Tell(NoteLevel level, string text);
}
