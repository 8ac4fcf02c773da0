using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Farthing.Server.Storage.Migrations
{
    /// <inheritdoc />
    public partial class RoundUps : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "RoundUps",
                columns: table => new
                {
                    Id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Owner = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Payee = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Offer = table.Column<byte[]>(type: "BLOB", nullable: true),
                    UnitUnits = table.Column<string>(type: "TEXT", nullable: false),
                    MostUnits = table.Column<string>(type: "TEXT", nullable: false),
                    Currency = table.Column<string>(type: "TEXT", nullable: false),
                    TimeZone = table.Column<string>(type: "TEXT", nullable: false),
                    CountedUntil = table.Column<long>(type: "INTEGER", nullable: false),
                    Paid = table.Column<int>(type: "INTEGER", nullable: false),
                    Missed = table.Column<int>(type: "INTEGER", nullable: false),
                    LastPayment = table.Column<byte[]>(type: "BLOB", nullable: false),
                    LastRefusal = table.Column<string>(type: "TEXT", nullable: true),
                    IsCancelled = table.Column<bool>(type: "INTEGER", nullable: false),
                    State = table.Column<byte>(type: "INTEGER", nullable: false),
                    CreatedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_RoundUps", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_RoundUps_Owner_Id",
                table: "RoundUps",
                columns: new[] { "Owner", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_RoundUps_State",
                table: "RoundUps",
                column: "State");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "RoundUps");
        }
    }
}
