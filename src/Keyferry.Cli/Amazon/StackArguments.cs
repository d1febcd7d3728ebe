using System.CommandLine;
using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary>What the commands of a stack have in common.</summary>
internal static class StackArguments
{
    /// <summary><c>--stack</c></summary>
    public static Option<string?> StackOption() =>
        new("--stack") { HelpName = "NAME", Description = "The stack's name. Default: keyferry." };

    /// <summary><c>--image</c></summary>
    public static Option<string?> ImageOption() =>
        new("--image")
        {
            HelpName = "IMAGE",
            Description = "The image that the task runs, built from the Dockerfile: default of the parameter ContainerImage.",
        };

    /// <summary>The name that was given, or the default.</summary>
    public static string NameOf(ParseResult parsed, Option<string?> stack) => parsed.GetValue(stack) ?? "keyferry";

    /// <summary>There is none of that name.</summary>
    public static KeyferryException NoStack(string name, string region) =>
        new(
            FailureKind.Usage,
            $"There is no stack {name} in {region}.",
            "Check --stack and --region; keyferry aws stack deploy makes one."
        );
}
