using Keyferry.AwsDouble;

// Runs the double until standard input ends, and says how a shell reaches it.
var port = args is ["--port", var given] ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture) : 0;
await using var aws = AwsServer.Start(port);
Console.WriteLine($"export AWS_ENDPOINT_URL={aws.Url} AWS_REGION={AwsServer.Region} AWS_DEFAULT_REGION={AwsServer.Region}");
Console.WriteLine($"export AWS_ACCESS_KEY_ID={AwsServer.AccessKey} AWS_SECRET_ACCESS_KEY={AwsServer.SecretKey}");
Console.WriteLine("# standard input ends it");
await Console.In.ReadToEndAsync();
Console.WriteLine($"not called: {string.Join(' ', aws.KnownCalls.Except(aws.Calls))}");
