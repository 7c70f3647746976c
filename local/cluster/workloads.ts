export const processPodQuery = '.metadata.labels["none"]';
