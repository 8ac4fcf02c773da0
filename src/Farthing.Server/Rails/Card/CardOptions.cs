namespace Farthing.Server.Rails.Card;

/// <summary>What the operator sets about the card rail. Immutable. Its secrets come from the environment only and are written nowhere: not even <see cref="ToString"/> shows them.</summary>
internal sealed class CardOptions
{
    /// <summary>The secret key of the Stripe account.</summary>
    public required string Key { get; init; }

    /// <summary>What Stripe signs events with; null if it sends none here, and is only asked.</summary>
    public string? WebhookSecret { get; init; }

    /// <summary>Where Stripe is; null for where it is. Else a simulator on this machine.</summary>
    public Uri? Api { get; init; }

    /// <summary>How long one call may take. Default 20 seconds.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);
}
