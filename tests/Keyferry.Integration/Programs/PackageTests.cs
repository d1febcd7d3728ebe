using System.Diagnostics;
using System.IO.Compression;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Programs;

/// <summary>The library as others get it: packed, and used by a program that knows nothing but the package.</summary>
[Trait("Category", "Long")]
public sealed class PackageTests : IDisposable
{
    private static readonly string _root = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", ".."));
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-package-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Packed => Path.Combine(_folder, "packed");

    private string Consumer => Path.Combine(_folder, "consumer");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_holds_the_library_its_texts_and_its_licence()
    {
        await using var package = await ZipFile.OpenReadAsync(await PackAsync(), Stop);

        var names = package.Entries.Select(static entry => entry.FullName).ToList();
        Assert.Contains("lib/net10.0/Keyferry.dll", names);
        Assert.Contains("lib/net10.0/Keyferry.xml", names);
        Assert.Contains("library.md", names);
        using var reader = new StreamReader(await package.Entries.Single(static entry => entry.Name == "Keyferry.nuspec").OpenAsync(Stop));
        var specification = await reader.ReadToEndAsync(Stop);
        Assert.Contains("<license type=\"expression\">MIT</license>", specification, StringComparison.Ordinal);
        Assert.Contains("<readme>library.md</readme>", specification, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_sample_is_built_from_it_and_migrates()
    {
        var version = Path.GetFileNameWithoutExtension(await PackAsync())["Keyferry.".Length..];
        _ = Directory.CreateDirectory(Consumer);
        File.Copy(Path.Combine(_root, "samples", "Keyferry.Sample", "Program.cs"), Path.Combine(Consumer, "Program.cs"));
        await File.WriteAllTextAsync(Path.Combine(Consumer, "Consumer.csproj"), Project(version), Stop);
        await File.WriteAllTextAsync(Path.Combine(Consumer, "nuget.config"), Sources(), Stop);
        _ = await RunAsync("dotnet", "build", Consumer, "-c", "Release", "-o", Path.Combine(_folder, "built"));
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        _ = await source.CommandAsync("SET", "k", "v");

        var said = await RunAsync(Path.Combine(_folder, "built", "Consumer"), source.Uri, target.Uri, Path.Combine(_folder, "work"));

        Assert.Contains("Equal: 1 keys written, 1 compared", said, StringComparison.Ordinal);
        Assert.Equal("v", (string?)await target.CommandAsync("GET", "k"));
    }

    private static string Project(string version) =>
        $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <OutputType>Exe</OutputType>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Keyferry" Version="{version}" />
              </ItemGroup>
            </Project>
            """;

    /// <summary>The package comes from where it was packed, what it depends on from where this build has it; nothing is kept for the next build.</summary>
    private string Sources()
    {
        var restored =
            Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        return $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Path.Combine(_folder, "packages")}" /></config>
              <packageSources><clear /><add key="packed" value="{Packed}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="restored" value="{restored}" /></fallbackPackageFolders>
            </configuration>
            """;
    }

    private async Task<string> PackAsync()
    {
        _ = await RunAsync("dotnet", "pack", Path.Combine(_root, "src", "Keyferry"), "-c", "Release", "-o", Packed);
        return Assert.Single(Directory.GetFiles(Packed, "*.nupkg"));
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} could not be started.");
        var error = process.StandardError.ReadToEndAsync(Stop);
        var said = await process.StandardOutput.ReadToEndAsync(Stop) + await error;
        await process.WaitForExitAsync(Stop);
        Assert.True(process.ExitCode == 0, said);
        return said;
    }
}
