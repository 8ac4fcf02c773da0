using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Farthing.Server.Storage.Migrations
{
    /// <inheritdoc />
    public partial class Shares : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<byte[]>(
                name: "Offer",
                table: "Tips",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<byte[]>(
                name: "Offer",
                table: "Tabs",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Splits",
                table: "Campaigns",
                type: "TEXT",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "Offer",
                table: "Tips");

            migrationBuilder.DropColumn(
                name: "Offer",
                table: "Tabs");

            migrationBuilder.DropColumn(
                name: "Splits",
                table: "Campaigns");
        }
    }
}
