using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Farthing.Server.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Versions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.RenameColumn(
                name: "Payee",
                table: "Offers",
                newName: "Owner");

            migrationBuilder.RenameIndex(
                name: "IX_Offers_Payee_Id",
                table: "Offers",
                newName: "IX_Offers_Owner_Id");

            migrationBuilder.AddColumn<int>(
                name: "Version",
                table: "Wallets",
                type: "INTEGER",
                nullable: false,
                defaultValue: 1);

            migrationBuilder.AddColumn<int>(
                name: "Version",
                table: "Payees",
                type: "INTEGER",
                nullable: false,
                defaultValue: 1);

            migrationBuilder.AddColumn<int>(
                name: "Version",
                table: "Offers",
                type: "INTEGER",
                nullable: false,
                defaultValue: 1);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "Version",
                table: "Wallets");

            migrationBuilder.DropColumn(
                name: "Version",
                table: "Payees");

            migrationBuilder.DropColumn(
                name: "Version",
                table: "Offers");

            migrationBuilder.RenameColumn(
                name: "Owner",
                table: "Offers",
                newName: "Payee");

            migrationBuilder.RenameIndex(
                name: "IX_Offers_Owner_Id",
                table: "Offers",
                newName: "IX_Offers_Payee_Id");
        }
    }
}
