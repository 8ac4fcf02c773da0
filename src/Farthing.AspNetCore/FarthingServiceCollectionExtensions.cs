using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Farthing.AspNetCore;

/// <summary>Adds to a site what <see cref="PaymentEndpoints.RequirePayment"/> needs.</summary>
public static class FarthingServiceCollectionExtensions
{
    /// <summary>Sets who is paid and where. There is no middleware to add: endpoints with a price gate themselves.</summary>
    /// <param name="services">The site's services. A registered <see cref="TimeProvider"/> is used; else the system's.</param>
    /// <param name="configure">Sets the options; see <see cref="FarthingOptions"/> for which are required.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddFarthing(this IServiceCollection services, Action<FarthingOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<FarthingOptions>().Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<FarthingOptions>, FarthingOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<FarthingSite>();
        services.TryAddSingleton<Renewals, ServerRenewals>();
        services.TryAddSingleton<MeterReports, ServerMeterReports>();
        services.TryAddSingleton<MeterCounts>();
        services.AddHostedService(provider => provider.GetRequiredService<MeterCounts>());
        services.TryAddSingleton<MeterDoor>();
        services.TryAddSingleton<BrowserDoor>();
        services.TryAddSingleton<ProgramDoor>();
        services.TryAddSingleton<PaymentGate>();
        return services;
    }
}
