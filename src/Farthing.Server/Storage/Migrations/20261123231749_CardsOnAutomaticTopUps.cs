using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Farthing.Server.Storage.Migrations
{
    /// <inheritdoc />
    public partial class CardsOnAutomaticTopUps : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.RenameColumn(
                name: "Counted",
                table: "AutomaticTopUps",
                newName: "Tried");

            migrationBuilder.AddColumn<byte[]>(
                name: "Agreed",
                table: "AutomaticTopUps",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Generation",
                table: "AutomaticTopUps",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            // What stood there was a top-up that had failed and was counted. Who had set one up before had the key that the wallet has now.
            migrationBuilder.Sql("UPDATE \"AutomaticTopUps\" SET \"Tried\" = NULL, \"Generation\" = coalesce((SELECT \"KeyGeneration\" FROM \"Wallets\" WHERE \"Wallets\".\"Id\" = \"AutomaticTopUps\".\"Id\"), 1)");

            migrationBuilder.CreateTable(
                name: "LeftCards",
                columns: table => new
                {
                    Id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    Customer = table.Column<string>(type: "TEXT", nullable: false),
                    PaymentMethod = table.Column<string>(type: "TEXT", nullable: false),
                    Brand = table.Column<string>(type: "TEXT", nullable: true),
                    LastFour = table.Column<string>(type: "TEXT", nullable: true),
                    Expires = table.Column<string>(type: "TEXT", nullable: true),
                    State = table.Column<byte>(type: "INTEGER", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_LeftCards", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_LeftCards_State",
                table: "LeftCards",
                column: "State");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "LeftCards");

            migrationBuilder.DropColumn(
                name: "Agreed",
                table: "AutomaticTopUps");

            migrationBuilder.DropColumn(
                name: "Generation",
                table: "AutomaticTopUps");

            migrationBuilder.RenameColumn(
                name: "Tried",
                table: "AutomaticTopUps",
                newName: "Counted");
        }
    }
}
