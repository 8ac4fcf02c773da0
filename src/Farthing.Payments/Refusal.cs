using System.Diagnostics.CodeAnalysis;

namespace Farthing.Payments;

/// <summary>What a refused caller should do with the request.</summary>
public enum RetryAdvice
{
    /// <summary>Repeat with the same key: nothing was decided, or the answer is not known yet.</summary>
    SameKey,

    /// <summary>Repeat with a new key once the reason is gone: the refusal is bound to the old key.</summary>
    NewKey,

    /// <summary>Do not repeat: the request itself is wrong.</summary>
    Never,
}

/// <summary>A stable code of <c>docs/errors.md</c>. The catalogue is <see cref="RefusalCodes"/>.</summary>
/// <param name="Code">Lower-case words with underscores, such as <c>insufficient_funds</c>.</param>
/// <param name="HttpStatus">The status of the answer at the HTTP doors.</param>
/// <param name="Title">A short sentence for people; the same for every occurrence.</param>
/// <param name="Retry">Whether to repeat.</param>
/// <param name="WhatToDo">A sentence for <c>docs/errors.md</c>.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record RefusalCode(string Code, int HttpStatus, string Title, RetryAdvice Retry, string WhatToDo);

/// <summary>Why a request was refused. Nothing moved.</summary>
/// <param name="Code">The stable code.</param>
/// <param name="Detail">A sentence about this occurrence that says what to do.</param>
/// <param name="Facts">Members added to the problem details, such as <c>missing</c> of insufficient funds; null for none.</param>
/// <remarks>Immutable; safe to share between threads.</remarks>
public sealed record Refusal(RefusalCode Code, string Detail, IReadOnlyDictionary<string, object>? Facts = null);

/// <summary>A value, or why there is none.</summary>
/// <remarks>The default value is neither: do not use it. Immutable; safe to share between threads.</remarks>
public readonly struct Answer<T>
{
    private Answer(T? value, Refusal? refusal)
    {
        Value = value;
        Refusal = refusal;
    }

    /// <summary>The value, if not refused.</summary>
    public T? Value { get; }

    /// <summary>Why there is no value; else null.</summary>
    public Refusal? Refusal { get; }

    /// <summary>True if there is a value.</summary>
    [MemberNotNullWhen(true, nameof(Value))]
    [MemberNotNullWhen(false, nameof(Refusal))]
    public bool IsGiven => Refusal is null;

    /// <summary>The same by name, for a value of an interface.</summary>
    [SuppressMessage("Design", "CA1000", Justification = "It is the conversion below.")]
    public static Answer<T> Of(T value) => new(value, null);

    /// <summary>A value is an answer.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "The conversions are the constructors.")]
    public static implicit operator Answer<T>(T value) => new(value, null);

    /// <summary>A refusal is an answer.</summary>
    [SuppressMessage("Usage", "CA2225", Justification = "The conversions are the constructors.")]
    public static implicit operator Answer<T>(Refusal refusal) => new(default, refusal);
}
