setInterval(() => undefined, 1e6);
