using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Farthing.Server.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Details : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // What was a count of units and a currency becomes the same price as it travels: 20000 USD is 0.02.
            foreach (var (currencies, scale) in new[] { ("'USD','EUR','GBP'", 6), ("'BTC'", 11) })
            {
                var zeros = new string('0', scale);
                var whole = $"CASE WHEN length(PriceUnits) > {scale} THEN substr(PriceUnits, 1, length(PriceUnits) - {scale}) ELSE '0' END";
                var fraction = $"rtrim(rtrim('.' || substr('{zeros}' || PriceUnits, -{scale}), '0'), '.')";
                migrationBuilder.Sql($$$$"""
                    UPDATE Offers
                    SET PriceUnits = '{"pricing":{"model":"per-use","price":{"amount":"' || {{{{whole}}}} || {{{{fraction}}}} || '","currency":"' || Currency || '"}}}'
                    WHERE Currency IN ({{{{currencies}}}})
                    """);
            }

            migrationBuilder.RenameColumn(
                name: "PriceUnits",
                table: "Offers",
                newName: "Details");

            migrationBuilder.DropColumn(
                name: "Currency",
                table: "Offers");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder) =>
            throw new System.NotSupportedException("An offer may have more than a price now, which the columns before it cannot hold.");
    }
}
