using Farthing.Ledger;
using Farthing.Protocol;

namespace Farthing.Payments.Tests.Year;

/// <summary>An account as the records alone make it.</summary>
internal sealed class BookedAccount(Asset asset, bool mustNotOwe)
{
    public Asset Asset => asset;

    public bool MustNotOwe => mustNotOwe;

    public bool HasEnded { get; set; }

    public UInt128 DebitsPosted { get; set; }

    public UInt128 DebitsHeld { get; set; }

    public UInt128 CreditsPosted { get; set; }

    public UInt128 CreditsHeld { get; set; }

    public Balances Balances => new(DebitsPosted, DebitsHeld, CreditsPosted, CreditsHeld);
}

/// <summary>Every account's counts, added up again from what the records say that moved. Nothing of the ledger's arithmetic is used.</summary>
internal sealed class Books
{
    // What is held, by the hold.
    private readonly Dictionary<UInt128, UInt128> holds = [];

    public Dictionary<UInt128, BookedAccount> Accounts { get; } = [];

    /// <summary>How many records there were of accounts that must not owe.</summary>
    public int Checked { get; private set; }

    public void Add(in JournalRecord record)
    {
        if (record.Outcome != Outcome.Done) return;
        var command = record.Command;
        switch (command.Kind)
        {
            case RecordKind.OpenAccount:
                Accounts.Add(command.Id, new(command.Asset, command.Flags.HasFlag(AccountFlags.DebitsMustNotExceedCredits)));
                return;
            case RecordKind.Transfer or RecordKind.Refund or RecordKind.EndAccount when command.Units > UInt128.Zero:
                Accounts[command.Debit].DebitsPosted += command.Units;
                Accounts[command.Credit].CreditsPosted += command.Units;
                break;
            case RecordKind.Hold:
                Accounts[command.Debit].DebitsHeld += command.Units;
                Accounts[command.Credit].CreditsHeld += command.Units;
                holds.Add(command.Id, command.Units);
                break;
            case RecordKind.Post or RecordKind.Void or RecordKind.Expire:
                var cited = command.Kind == RecordKind.Expire ? command.Id : command.Cited;
                Assert.True(holds.Remove(cited, out var was), $"Record {record.Position} ends a hold that is not there.");
                Accounts[command.Debit].DebitsHeld -= was;
                Accounts[command.Credit].CreditsHeld -= was;
                if (command.Kind != RecordKind.Post) break;
                Accounts[command.Debit].DebitsPosted += command.Units;
                Accounts[command.Credit].CreditsPosted += command.Units;
                break;
        }

        if (command.Kind == RecordKind.EndAccount) Accounts[command.Id].HasEnded = true;
        Check(record, command.Debit, record.DebitAfter);
        Check(record, command.Credit, record.CreditAfter);
    }

    private void Check(in JournalRecord record, UInt128 id, Balances after)
    {
        if (!Accounts.TryGetValue(id, out var account) || after == default) return;
        Assert.True(account.Balances == after, $"Record {record.Position} says {after} of {id:x32}; its records add up to {account.Balances}.");
        if (!account.MustNotOwe) return;
        Checked++;
        Assert.True(account.CreditsPosted >= account.DebitsPosted + account.DebitsHeld, $"Record {record.Position} leaves {id:x32} ({account.Asset}) below zero: {after}.");
    }
}
