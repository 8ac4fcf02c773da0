using System.Buffers.Binary;

namespace Farthing.Ledger.State;

/// <summary>What an index needs of a record, without the cost of reading all of it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="IsRefused">True if it was not carried out.</param>
/// <param name="Id">Its id.</param>
/// <param name="Debit">The account debited, zero for none.</param>
/// <param name="Credit">The account credited, zero for none.</param>
/// <param name="Cited">What it cites, zero for nothing.</param>
internal readonly record struct RecordHead(RecordKind Kind, bool IsRefused, UInt128 Id, UInt128 Debit, UInt128 Credit, UInt128 Cited)
{
    /// <summary>True if the record binds its id: all do but expiries, and openings of accounts that were refused.</summary>
    public bool BindsItsId => Kind != RecordKind.Expire && !(Kind == RecordKind.OpenAccount && IsRefused);

    /// <summary>True if the record resolves a hold or gives something back.</summary>
    public bool IsCitation => !IsRefused && Kind is RecordKind.Post or RecordKind.Void or RecordKind.Refund or RecordKind.Expire;

    /// <summary>True if the record is of the history of <see cref="Debit"/> and <see cref="Credit"/>, as far as they are there.</summary>
    public bool TouchesAccounts => !IsRefused;
}
