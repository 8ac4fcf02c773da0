using Farthing.Protocol;

namespace Farthing.Payments.TopUps;

/// <summary>A card that a payer left at an outside party, as the payer may be shown it. Immutable; never a card number.</summary>
/// <param name="Brand">Such as <c>visa</c>; null if it is not said.</param>
/// <param name="LastFour">Its last four digits; null if they are not said.</param>
/// <param name="Expires">The month of its end, such as <c>2030-12</c>; null if it is not said.</param>
public sealed record SavedCard(string? Brand, string? LastFour, string? Expires);

/// <summary>A rail at whose page a payer can leave a card, so that it collects while the payer is away. A card is known by the top-up at whose page it was left.</summary>
/// <remarks>Thread-safe.</remarks>
public interface ISavingRail : IRail
{
    /// <summary>What to collect with so that the page keeps the card. The page asks for a part of what is agreed only: whoever shows it says the rest before.</summary>
    /// <param name="instruction">What the page would be made with otherwise.</param>
    string InstructionToSave(string instruction);

    /// <summary>What to collect with so that a card that was left is charged at once.</summary>
    string InstructionToUse(Id<TopUpKind> agreed);

    /// <summary>By which card an instruction collects; null if by none that was left.</summary>
    Id<TopUpKind>? AgreedIn(string? instruction);

    /// <summary>The card left at a top-up's page, known before that top-up is posted; null if there is none, or none any more.</summary>
    ValueTask<SavedCard?> FindSavedAsync(Id<TopUpKind> agreed);

    /// <summary>All cards that were left and not removed.</summary>
    ValueTask<IReadOnlyList<Id<TopUpKind>>> ListSavedAsync();

    /// <summary>Makes the outside party forget a card. Idempotent.</summary>
    /// <returns>True once nothing can be collected by it any more; false if it is to be tried again.</returns>
    ValueTask<bool> TryRemoveAsync(Id<TopUpKind> agreed);
}
