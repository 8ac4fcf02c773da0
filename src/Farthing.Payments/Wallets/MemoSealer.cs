using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Farthing.Payments.Wallets;

/// <summary>AES-256-GCM encryption under one key.</summary>
/// <remarks>
/// Every payment is sealed, and the framework's call costs four times what libcrypto does for it, most of it in clearing errors that are not there. So libcrypto is
/// called as directly as for <see cref="Farthing.Protocol.Sha256"/>; where libcrypto 3 is missing, the framework's call is used. Not thread-safe. Its native part is
/// released by its finalizer.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "Shared by all who have the wallet in memory, of whom nobody knows to be the last; the native handle releases itself.")]
internal sealed unsafe class MemoSealer(byte[] key)
{
    public const int NonceLength = 12;
    public const int TagLength = 16;

    private const int Success = 1;
    private const int GetTag = 0x10; // EVP_CTRL_AEAD_GET_TAG

    private static readonly nint Library = NativeLibrary.TryLoad("libcrypto.so.3", out var library) ? library : 0;
    private static readonly nint NewExport = FindExport("EVP_CIPHER_CTX_new");
    private static readonly nint FreeExport = FindExport("EVP_CIPHER_CTX_free");
    private static readonly nint CipherExport = FindExport("EVP_aes_256_gcm");
    private static readonly nint InitExport = FindExport("EVP_EncryptInit_ex");
    private static readonly nint UpdateExport = FindExport("EVP_EncryptUpdate");
    private static readonly nint FinalExport = FindExport("EVP_EncryptFinal_ex");
    private static readonly nint ControlExport = FindExport("EVP_CIPHER_CTX_ctrl");

    private readonly Context? native = IsNative ? Context.Open(key) : null;
    private readonly AesGcm? managed = IsNative ? null : new AesGcm(key, TagLength);

    /// <summary>True if libcrypto was found.</summary>
    internal static bool IsNative { get; } = NewExport != 0 && FreeExport != 0 && CipherExport != 0 && InitExport != 0 && UpdateExport != 0 && FinalExport != 0 && ControlExport != 0;

    /// <summary>Encrypts at most a memo's length.</summary>
    /// <param name="nonce">12 bytes, never used before under this key.</param>
    /// <param name="plain">What is encrypted.</param>
    /// <param name="sealed">As long as the plain text.</param>
    /// <param name="tag">16 bytes.</param>
    /// <param name="associated">What is authenticated besides.</param>
    public void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain, Span<byte> @sealed, Span<byte> tag, ReadOnlySpan<byte> associated)
    {
        // libcrypto is not told how long these are.
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceLength, nameof(nonce));
        ArgumentOutOfRangeException.ThrowIfNotEqual(tag.Length, TagLength, nameof(tag));
        ArgumentOutOfRangeException.ThrowIfNotEqual(@sealed.Length, plain.Length, nameof(@sealed));
        if (native is null) managed!.Encrypt(nonce, plain, @sealed, tag, associated);
        else native.Encrypt(nonce, plain, @sealed, tag, associated);
    }

    private static nint FindExport(string name) => Library != 0 && NativeLibrary.TryGetExport(Library, name, out var address) ? address : 0;

    /// <summary>An EVP_CIPHER_CTX that has its key.</summary>
    private sealed class Context() : SafeHandleZeroOrMinusOneIsInvalid(ownsHandle: true)
    {
        public static Context Open(byte[] key)
        {
            var context = new Context();
            context.SetHandle(((delegate* unmanaged[Cdecl]<nint>)NewExport)());
            if (context.IsInvalid) throw new CryptographicException("There is no memory for a cipher.");
            var cipher = ((delegate* unmanaged[Cdecl]<nint>)CipherExport)();
            fixed (byte* k = key) Check(((delegate* unmanaged[Cdecl]<nint, nint, nint, byte*, byte*, int>)InitExport)(context.handle, cipher, 0, k, null));
            return context;
        }

        // A memo is short, so the garbage collector is not kept waiting by leaving out the transition.
        public void Encrypt(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plain, Span<byte> @sealed, Span<byte> tag, ReadOnlySpan<byte> associated)
        {
            var init = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, nint, nint, byte*, byte*, int>)InitExport;
            var update = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, byte*, int*, byte*, int, int>)UpdateExport;
            var final = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, byte*, int*, int>)FinalExport;
            var control = (delegate* unmanaged[Cdecl, SuppressGCTransition]<nint, int, int, byte*, int>)ControlExport;
            int written;
            fixed (byte* n = nonce, p = plain, s = @sealed, t = tag, a = associated)
            {
                Check(init(handle, 0, 0, null, n));
                Check(update(handle, null, &written, a, associated.Length));
                Check(update(handle, s, &written, p, plain.Length));
                // Writes nothing: this mode has no padding.
                Check(final(handle, t, &written));
                Check(control(handle, GetTag, TagLength, t));
            }

            GC.KeepAlive(this);
        }

        protected override bool ReleaseHandle()
        {
            ((delegate* unmanaged[Cdecl]<nint, void>)FreeExport)(handle);
            return true;
        }

        private static void Check(int result)
        {
            if (result != Success) throw new CryptographicException("libcrypto could not seal a memo.");
        }
    }
}
