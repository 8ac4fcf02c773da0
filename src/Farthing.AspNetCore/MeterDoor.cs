using Farthing.Protocol;
using Microsoft.AspNetCore.Http;

namespace Farthing.AspNetCore;

/// <summary>What is metered: lets in whoever has a meter with units left, counts what is served, and asks everybody else to start one.</summary>
/// <remarks>
/// An entitlement says which meter its bearer may use, and for a minute that the meter runs. From then on this process knows that by its own reports, so the entitlement is
/// neither renewed nor asked for again: who shows it is counted for as long as the meter is heard to run. A browser's is bound to the browser, also if it is shown as a program would; a program's opens to whoever shows it, up to the ceiling.
/// </remarks>
internal sealed class MeterDoor(FarthingSite site, BrowserDoor browsers, ProgramDoor programs, MeterCounts counts)
{
    public Task AdmitAsync(Sale sale) => ProgramDoor.BringsCredential(sale.Request) ? AdmitProgramAsync(sale) : AdmitBrowserAsync(sale);

    private async Task AdmitProgramAsync(Sale sale)
    {
        if (sale.Request.Headers.Authorization is not [{ } header] || !PaymentCredential.TryParse(header, out var credential)) await programs.AskAsync(sale, ProgramProblem.MalformedCredential);
        else if (credential.Challenge.Intent != PaymentChallenge.Meter) await programs.AskAsync(sale, ProgramProblem.InvalidChallenge);
        // The operator signed it for terms that this payee signed, so it proves all that the challenge could, and after a restart too.
        else if (site.ReadEntitlement(credential.Entitlement, sale.Resource) is not { } entitlement || !FarthingSite.IsForProgram(entitlement)) await programs.AskAsync(sale, ProgramProblem.VerificationFailed);
        else
        {
            var (admission, meter) = await counts.TakeAsync(entitlement, sale.Demand.Meter!.UnitsPerRequest, sale.Context.RequestAborted);
            if (admission == MeterAdmission.Admitted)
            {
                programs.AddReceipt(sale, entitlement);
                await ServeAsync(sale, entitlement, meter!, "private");
            }
            else if (admission == MeterAdmission.Over) await programs.AskAsync(sale, ProgramProblem.MeterOver);
            else await RefuseAsync(sale, admission);
        }
    }

    private async Task AdmitBrowserAsync(Sale sale)
    {
        var visit = browsers.ReadMeter(sale);
        if (visit.IsAnswered)
        {
            if (visit.Brought is { } brought && site.IsCurrent(brought)) browsers.KeepBrought(sale);
            else if (visit.Kept is not null) browsers.CleanAddress(sale);
            else await browsers.AskAnewAsync(sale, visit);
            return;
        }

        if (visit.Kept is not { } entitlement)
        {
            await browsers.AskAnewAsync(sale, visit);
            return;
        }

        var (admission, meter) = await counts.TakeAsync(entitlement, sale.Demand.Meter!.UnitsPerRequest, sale.Context.RequestAborted);
        if (admission == MeterAdmission.Admitted) await ServeAsync(sale, entitlement, meter!, "private, no-cache");
        else if (admission == MeterAdmission.Over) await browsers.AskAnewAsync(sale, visit);
        else await RefuseAsync(sale, admission);
    }

    private static Task RefuseAsync(Sale sale, MeterAdmission admission) => admission == MeterAdmission.Full ? ProgramDoor.RefuseCrowdAsync(sale) : ProgramDoor.RefuseForNowAsync(sale);

    private async Task ServeAsync(Sale sale, Entitlement entitlement, CountedMeter meter, string cacheControl)
    {
        var use = new RequestMeter(meter, counts, sale.Demand.Meter!.UnitsPerRequest);
        sale.Context.Features.Set(use);
        var isDone = false;
        try
        {
            await sale.ServeAsync(entitlement, site.PaymentPage(entitlement.Payment), cacheControl);
            isDone = true;
        }
        finally
        {
            // What was begun to be sent counts, or a caller could hang up after the last byte; an error never does.
            use.End((isDone || sale.Response.HasStarted) && sale.Response.StatusCode < StatusCodes.Status500InternalServerError);
        }
    }
}
