using System.Text;
using Keyferry.Cli;

Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
return await App.RunAsync(args, Surroundings.OfThisProcess());
