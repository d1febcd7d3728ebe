using Keyferry.Aws.Calls;
using Keyferry.Model;

namespace Keyferry.Aws.Identity;

/// <summary>Finds the region: the option's, the environment's, the profile's, the instance's.</summary>
internal static class RegionSource
{
    /// <summary>The region.</summary>
    /// <exception cref="KeyferryException">Nothing names one; there is no default.</exception>
    public static async ValueTask<string> FindAsync(AwsSurroundings surroundings, CancellationToken stop)
    {
        var found =
            surroundings.Region
            ?? surroundings.Set("AWS_REGION")
            ?? surroundings.Set("AWS_DEFAULT_REGION")
            ?? ProfileFile.Read(surroundings).Get(surroundings.Set("AWS_PROFILE") ?? "default", "region")
            ?? await new MetadataCredentials(surroundings).RegionAsync(stop)
            ?? throw new KeyferryException(
                FailureKind.Usage,
                "No AWS region was named.",
                "Give --region, such as --region eu-north-1, or set AWS_REGION."
            );
        return
            found.Length is > 0 and < 40
            && found.All(static letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-')
            ? found
            : throw new KeyferryException(FailureKind.Usage, $"\"{found}\" is no AWS region.", "Write it like eu-north-1.");
    }
}
