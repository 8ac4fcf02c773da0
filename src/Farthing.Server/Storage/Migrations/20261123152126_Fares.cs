using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Farthing.Server.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Fares : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "FareCards",
                columns: table => new
                {
                    Id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Owner = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Offer = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Mandate = table.Column<byte[]>(type: "BLOB", nullable: false),
                    ClosedUnixMilliseconds = table.Column<long>(type: "INTEGER", nullable: true),
                    HeardUnixMilliseconds = table.Column<long>(type: "INTEGER", nullable: false),
                    State = table.Column<byte>(type: "INTEGER", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_FareCards", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "FareDays",
                columns: table => new
                {
                    Id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Owner = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Date = table.Column<string>(type: "TEXT", nullable: false),
                    Payments = table.Column<string>(type: "TEXT", nullable: false),
                    NextUnits = table.Column<string>(type: "TEXT", nullable: true),
                    NextMandate = table.Column<byte[]>(type: "BLOB", nullable: true),
                    NextUnixMilliseconds = table.Column<long>(type: "INTEGER", nullable: false),
                    Failures = table.Column<int>(type: "INTEGER", nullable: false),
                    Fault = table.Column<string>(type: "TEXT", nullable: true),
                    FailedUnixMilliseconds = table.Column<long>(type: "INTEGER", nullable: true),
                    State = table.Column<byte>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_FareDays", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "FareTaps",
                columns: table => new
                {
                    Id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Owner = table.Column<byte[]>(type: "BLOB", nullable: false),
                    ArrivedUnixMilliseconds = table.Column<long>(type: "INTEGER", nullable: false),
                    Direction = table.Column<byte>(type: "INTEGER", nullable: true),
                    Zone = table.Column<string>(type: "TEXT", nullable: true),
                    Reader = table.Column<string>(type: "TEXT", nullable: false),
                    State = table.Column<byte>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_FareTaps", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_FareCards_Owner_Id",
                table: "FareCards",
                columns: new[] { "Owner", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_FareCards_State",
                table: "FareCards",
                column: "State");

            migrationBuilder.CreateIndex(
                name: "IX_FareDays_Owner_Id",
                table: "FareDays",
                columns: new[] { "Owner", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_FareDays_State",
                table: "FareDays",
                column: "State");

            migrationBuilder.CreateIndex(
                name: "IX_FareTaps_Owner_Id",
                table: "FareTaps",
                columns: new[] { "Owner", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_FareTaps_State",
                table: "FareTaps",
                column: "State");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "FareCards");

            migrationBuilder.DropTable(
                name: "FareDays");

            migrationBuilder.DropTable(
                name: "FareTaps");
        }
    }
}
