import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** The pages of one server: everything from the same origin, nothing inline, so that a strict content security policy holds. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2023', reportCompressedSize: false },
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
})
