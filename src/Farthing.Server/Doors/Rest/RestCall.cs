using Farthing.Payments;

namespace Farthing.Server.Doors.Rest;

/// <summary>Whose bearer key a call takes.</summary>
internal enum KeyOwner
{
    /// <summary>No key.</summary>
    Anyone,

    /// <summary>The operator's.</summary>
    Operator,

    /// <summary>A payee's.</summary>
    Payee,

    /// <summary>A payee's or the operator's.</summary>
    PayeeOrOperator,

    /// <summary>A wallet's.</summary>
    Wallet,

    /// <summary>A wallet's, or that of a mandate which it gave.</summary>
    WalletOrMandate,

    /// <summary>A wallet's or a payee's.</summary>
    WalletOrPayee,

    /// <summary>A wallet's, that of a mandate which it gave, or a payee's.</summary>
    Party,
}

/// <summary>A member of a query.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is.</param>
internal sealed record QueryMember(string Name, string Description)
{
    /// <summary>True if the call is refused without it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>True if it is a time.</summary>
    public bool IsTime { get; init; }

    /// <summary>The beginning of a period.</summary>
    public static QueryMember Since { get; } = new("since", "Only lines of this time or later.") { IsTime = true };

    /// <summary>The end of a period.</summary>
    public static QueryMember Until { get; } = new("until", "Only lines before this time. Repeat since and until with a cursor.") { IsTime = true };

    /// <summary>The moment of a balance.</summary>
    public static QueryMember At { get; } = new("at", "Show balance and held as they stood at this time; zero before there was an account.") { IsTime = true };
}

/// <summary>A member of a path that is not an id.</summary>
/// <param name="Name">Its name in the route.</param>
/// <param name="Description">What it is.</param>
/// <param name="Pattern">A regular expression for it.</param>
/// <param name="Example">One such.</param>
internal sealed record PathMember(string Name, string Description, string Pattern, string Example);

/// <summary>What a call is. One description drives both what is checked before its handler runs and what OpenAPI says of it. Immutable.</summary>
internal sealed record RestCall
{
    /// <summary>The largest body of most calls: 1 MiB.</summary>
    public const int MaxBodyBytes = 1 << 20;

    /// <summary>The largest body of a batch: 4 MiB.</summary>
    public const int MaxBatchBodyBytes = 4 << 20;

    /// <summary>OpenAPI's operation id: camelCase, a verb and a noun.</summary>
    public required string OperationId { get; init; }

    /// <summary>OpenAPI's group.</summary>
    public required string Tag { get; init; }

    /// <summary>One line of what it does.</summary>
    public required string Summary { get; init; }

    /// <summary>What else a caller must know, or null.</summary>
    public string? Description { get; init; }

    /// <summary>Whose key it takes.</summary>
    public KeyOwner Key { get; init; }

    /// <summary>True if it needs an <c>Idempotency-Key</c>.</summary>
    public bool TakesIdempotencyKey { get; init; }

    /// <summary>True if it ends the bearer key that it takes: a repeat may show that key once more.</summary>
    public bool EndsBearerKey { get; init; }

    /// <summary>The type of its body, or null if it takes none.</summary>
    public Type? Body { get; init; }

    /// <summary>True if the body is JSON of somebody else's form, which the handler reads as bytes: they are signed as they are.</summary>
    public bool BodyIsBytes { get; init; }

    /// <summary>What sort of bytes they are, if <see cref="BodyIsBytes"/>.</summary>
    public string BytesMediaType { get; init; } = "application/json";

    /// <summary>True if the body may be left out.</summary>
    public bool BodyIsOptional { get; init; }

    /// <summary>The largest body.</summary>
    public int MaxBytes { get; init; } = MaxBodyBytes;

    /// <summary>The most members of the list in its body, or null if there is none.</summary>
    public int? MaxListLength { get; init; }

    /// <summary>The status of success.</summary>
    public int Status { get; init; } = StatusCodes.Status200OK;

    /// <summary>The type of the answer, or null for text.</summary>
    public Type? Answer { get; init; }

    /// <summary>What sort of text the answer is, if it is text.</summary>
    public string AnswerMediaType { get; init; } = "text/plain";

    /// <summary>True if it is a list with <c>pageSize</c> and <c>cursor</c>.</summary>
    public bool IsPaged { get; init; }

    /// <summary>What its path has beside ids.</summary>
    public IReadOnlyList<PathMember> Path { get; init; } = [];

    /// <summary>What else its query may say, beside those of a list.</summary>
    public IReadOnlyList<QueryMember> Query { get; init; } = [];

    /// <summary>JSON of a body, or null.</summary>
    public string? BodyExample { get; init; }

    /// <summary>JSON or text of an answer.</summary>
    public required string AnswerExample { get; init; }

    /// <summary>What it may refuse, beyond what follows from the members above.</summary>
    public IReadOnlyList<RefusalCode> Refusals { get; init; } = [];

    /// <summary>Everything it may refuse.</summary>
    public IEnumerable<RefusalCode> AllRefusals()
    {
        IEnumerable<RefusalCode> all = Refusals;
        if (Key != KeyOwner.Anyone) all = all.Append(RefusalCodes.Unauthorized).Append(RefusalCodes.Forbidden);
        if (TakesIdempotencyKey)
            all = all.Concat([RefusalCodes.IdempotencyKeyMissing, RefusalCodes.IdempotencyKeyInvalid, RefusalCodes.IdempotencyKeyInFuture, RefusalCodes.IdempotencyConflict]);
        if (Body is not null)
        {
            all = all.Concat([RefusalCodes.MalformedJson, RefusalCodes.InvalidUtf8, RefusalCodes.JsonTooDeep, RefusalCodes.UnknownField, RefusalCodes.MissingField,
                RefusalCodes.InvalidField, RefusalCodes.BodyTooLarge, RefusalCodes.UnsupportedMediaType]);
        }

        if (IsPaged) all = all.Append(RefusalCodes.InvalidCursor).Append(RefusalCodes.InvalidField);
        if (Query.Count > 0) all = all.Append(RefusalCodes.InvalidField);
        if (Query.Any(member => member.IsRequired)) all = all.Append(RefusalCodes.MissingField);
        return all.Append(RefusalCodes.NotReady).Append(RefusalCodes.InternalError).Append(RefusalCodes.RecordDamaged).Distinct();
    }
}
