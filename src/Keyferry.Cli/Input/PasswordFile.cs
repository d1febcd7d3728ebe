using Keyferry.Model;

namespace Keyferry.Cli.Input;

/// <summary>A file that holds a password, so that it need not stand on the command line.</summary>
internal static class PasswordFile
{
    /// <summary>Reads the first line of <paramref name="path"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="option">The option that named it, for messages.</param>
    /// <exception cref="KeyferryException">It cannot be read.</exception>
    public static Secret Read(string path, string option)
    {
        try
        {
            using var reader = File.OpenText(path);
            return new Secret(reader.ReadLine() ?? "");
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"The file of {option} cannot be read: {failed.Message}",
                "Check the path and its permissions; the password is the file's first line.",
                failed
            );
        }
    }
}
