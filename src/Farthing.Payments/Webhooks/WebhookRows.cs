using Farthing.Payments.Settings;

namespace Farthing.Payments.Webhooks;

/// <summary>What the owner of a webhook asked for. Written only by <see cref="WebhookDirectory"/>.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Owner">The payee whose events are told; zero for the operator, who is told all.</param>
/// <param name="Url">Where they are sent.</param>
/// <param name="Types">Which events, with blanks between; empty for all.</param>
/// <param name="SecretGeneration">Which secret signs.</param>
/// <param name="PreviousSecretUntil">Until when the secret before signs too, in Unix milliseconds; zero if there was none.</param>
/// <param name="IsPaused">Nothing is sent until it is resumed.</param>
/// <param name="Resumes">How often it was resumed: what switched it off before holds no longer.</param>
/// <param name="Replays">How often a replay was asked for; the newest follows.</param>
/// <param name="ReplayPosition">The replay's first position in the journal.</param>
/// <param name="ReplayEnd">The position behind its last.</param>
/// <param name="ReplayNumber">The replay's first number of an event row.</param>
/// <param name="ReplayNumberEnd">The number behind its last.</param>
/// <param name="StartPosition">The journal's length when it was made: what came before is not told unless it is replayed.</param>
/// <param name="StartNumber">The same for event rows: the first number that is told.</param>
/// <param name="State">Closed once it is no more.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Version">As of every row.</param>
public sealed record WebhookRow(
    UInt128 Id, UInt128 Owner, string Url, string Types, int SecretGeneration, long PreviousSecretUntil, bool IsPaused, int Resumes, int Replays, long ReplayPosition, long ReplayEnd, long ReplayNumber,
    long ReplayNumberEnd, long StartPosition, long StartNumber, RowState State, DateTimeOffset CreatedAt, int Version = 1) : IOwnedRow;

/// <summary>How far a webhook has come, and its deliveries: one row, so that a position and the deliveries up to it are written together. Written only by its runner.</summary>
/// <param name="Id">The webhook's id.</param>
/// <param name="Progress">JSON of a <see cref="WebhookProgress"/>.</param>
/// <param name="State">Always active.</param>
/// <param name="Version">As of every row.</param>
public sealed record WebhookProgressRow(UInt128 Id, string Progress, RowState State, int Version = 1) : ISettingsRow;
