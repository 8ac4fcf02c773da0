using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Farthing.Server.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Mandates : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<byte[]>(
                name: "Caps",
                table: "Wallets",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Tags",
                table: "Payees",
                type: "TEXT",
                nullable: false,
                defaultValue: "");

            migrationBuilder.CreateTable(
                name: "Caps",
                columns: table => new
                {
                    Id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Owner = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Currency = table.Column<string>(type: "TEXT", nullable: false),
                    PerDayUnits = table.Column<string>(type: "TEXT", nullable: true),
                    PerWeekUnits = table.Column<string>(type: "TEXT", nullable: true),
                    PerMonthUnits = table.Column<string>(type: "TEXT", nullable: true),
                    TimeZone = table.Column<string>(type: "TEXT", nullable: false),
                    State = table.Column<byte>(type: "INTEGER", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Caps", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Mandates",
                columns: table => new
                {
                    Id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Owner = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Currency = table.Column<string>(type: "TEXT", nullable: false),
                    Payee = table.Column<byte[]>(type: "BLOB", nullable: true),
                    Tag = table.Column<string>(type: "TEXT", nullable: true),
                    EachUnits = table.Column<string>(type: "TEXT", nullable: false),
                    PerDayUnits = table.Column<string>(type: "TEXT", nullable: true),
                    PerWeekUnits = table.Column<string>(type: "TEXT", nullable: true),
                    PerMonthUnits = table.Column<string>(type: "TEXT", nullable: true),
                    TimeZone = table.Column<string>(type: "TEXT", nullable: false),
                    EndsAt = table.Column<long>(type: "INTEGER", nullable: true),
                    State = table.Column<byte>(type: "INTEGER", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Mandates", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Caps_Owner_Id",
                table: "Caps",
                columns: new[] { "Owner", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_Caps_State",
                table: "Caps",
                column: "State");

            migrationBuilder.CreateIndex(
                name: "IX_Mandates_Owner_Id",
                table: "Mandates",
                columns: new[] { "Owner", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_Mandates_State",
                table: "Mandates",
                column: "State");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Caps");

            migrationBuilder.DropTable(
                name: "Mandates");

            migrationBuilder.DropColumn(
                name: "Caps",
                table: "Wallets");

            migrationBuilder.DropColumn(
                name: "Tags",
                table: "Payees");
        }
    }
}
