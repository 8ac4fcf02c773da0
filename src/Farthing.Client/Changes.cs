using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Farthing.Protocol;

namespace Farthing.Client;

/// <summary>Reads server-sent events, over as many connections as it takes.</summary>
internal static class ChangeReader
{
    /// <summary>The server lets no more than 15 seconds pass without a word; a connection that is silent for three times as long is dead.</summary>
    public const int SilentAfterSeconds = 45;

    private const string IdField = "id: ";
    private const string DataField = "data: ";

    public static async IAsyncEnumerable<Change> FollowAsync(Caller caller, long from, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string? lastEvent = null;
        while (true)
        {
            // A server that is not there is tried as often as at any other call, and then the caller is told.
            using var response = await caller.OpenAsync(string.Create(CultureInfo.InvariantCulture, $"/v1/ledger/changes?from={from}"), lastEvent, cancellation).ConfigureAwait(false);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false));
            while (await ReadLineAsync(reader, caller.Connection.Time, cancellation).ConfigureAwait(false) is { } line)
            {
                if (line.StartsWith(IdField, StringComparison.Ordinal)) lastEvent = line[IdField.Length..];
                if (line.StartsWith(DataField, StringComparison.Ordinal)) yield return Read(line.AsSpan(DataField.Length));
            }

            await Task.Delay(Connection.PauseAfter(1, null), caller.Connection.Time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Null if the connection ended, or is as good as that.</summary>
    private static async Task<string?> ReadLineAsync(StreamReader reader, TimeProvider time, CancellationToken cancellation)
    {
        using var silence = new CancellationTokenSource(TimeSpan.FromSeconds(SilentAfterSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellation);
        try
        {
            return await reader.ReadLineAsync(either.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private static Change Read(ReadOnlySpan<char> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, Wire.Default.Change) ?? throw Connection.NotUnderstood(System.Net.HttpStatusCode.OK);
        }
        catch (JsonException)
        {
            throw Connection.NotUnderstood(System.Net.HttpStatusCode.OK);
        }
    }
}

/// <summary>One record of the journal. Ids stand without their prefix; what a record does not have is null.</summary>
public sealed record Change
{
    /// <summary>Its place in the journal.</summary>
    public required long Position { get; init; }

    /// <summary>When it was written.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What was asked, such as <c>transfer</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>What became of it, such as <c>done</c>.</summary>
    public required string Outcome { get; init; }

    /// <summary>The command's id.</summary>
    public required string Id { get; init; }

    /// <summary>Its place in a chain, from 1 on; null for the first, and for what is in none.</summary>
    public int? ChainIndex { get; init; }

    /// <summary>True if it is carried out only together with the next one.</summary>
    public bool? Linked { get; init; }

    /// <summary>The account that gives.</summary>
    public string? Debit { get; init; }

    /// <summary>The account that gets.</summary>
    public string? Credit { get; init; }

    /// <summary>How much moved, of a currency or of an allowance.</summary>
    public AmountJson? Amount { get; init; }

    /// <summary>How much was asked, a decimal, where less moved.</summary>
    public string? AmountAsked { get; init; }

    /// <summary>What for, such as <c>payment</c>.</summary>
    public string? Code { get; init; }

    /// <summary>The command that it follows on: a hold, or what is refunded.</summary>
    public string? Cited { get; init; }

    /// <summary>When a hold expires, or a refund window ends.</summary>
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>What else it names.</summary>
    public string? Reference1 { get; init; }

    /// <summary>What else it names.</summary>
    public string? Reference2 { get; init; }

    /// <summary>How long its memo is, which is not told.</summary>
    public int? MemoBytes { get; init; }

    /// <summary>The counts of the account that gives, afterwards.</summary>
    public AccountCounts? DebitAfter { get; init; }

    /// <summary>The counts of the account that gets, afterwards.</summary>
    public AccountCounts? CreditAfter { get; init; }
}

/// <summary>The four counts of an account, as decimals of the record's currency.</summary>
public sealed record AccountCounts
{
    /// <summary>What it gave.</summary>
    public required string DebitsPosted { get; init; }

    /// <summary>What it is held to give.</summary>
    public required string DebitsHeld { get; init; }

    /// <summary>What it got.</summary>
    public required string CreditsPosted { get; init; }

    /// <summary>What is held for it to get.</summary>
    public required string CreditsHeld { get; init; }
}
