#!/usr/bin/env node
// First, and alone: every module that is imported statically is read and compiled before the first of them runs.
import './shared/runtime/small-heap.ts';

await import('./cli.ts');
