using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Farthing.AspNetCore.Tests.Pages;

/// <summary>A Razor page of as many words as its address says, which it adds to its reader's meter; of fewer than none it fails.</summary>
public sealed class ReadModel(PageRuns runs) : PageModel
{
    public long Left => HttpContext.GetMeter()!.Left;

    public IActionResult OnGet(int words)
    {
        runs.Add();
        ArgumentOutOfRangeException.ThrowIfNegative(words);
        return HttpContext.GetMeter()!.TryAdd(words) == MeterOutcome.Counted ? Page() : StatusCode(StatusCodes.Status409Conflict);
    }
}

/// <summary>How often the page was run.</summary>
public sealed class PageRuns
{
    private int count;

    public int Count => Volatile.Read(ref count);

    public void Add() => Interlocked.Increment(ref count);
}
